"""Draw CMC curves (rule ``plot_cmc``)."""

from purereid.job import job
from purereid.report.plot_cmc import plot_cmc

if __name__ == "__main__":
    with job(snakemake):
        plot_cmc(**snakemake.input, **snakemake.output, **snakemake.params.settings)
