"""Show kept and dropped images, and the graph (rule ``show_purified``)."""

from purereid.job import job
from purereid.report.show_purified import show_purified

if __name__ == "__main__":
    with job(snakemake):
        show_purified(**snakemake.input, **snakemake.output, **snakemake.params.settings)
