"""Draw precision and recall of links (rule ``plot_links``)."""

from purereid.job import job
from purereid.report.plot_links import plot_links

if __name__ == "__main__":
    with job(snakemake):
        plot_links(**snakemake.input, **snakemake.output, **snakemake.params.settings)
