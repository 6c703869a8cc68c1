"""Show ranked lists (rule ``rank_lists``)."""

from purereid.job import job
from purereid.report.rank_lists import rank_lists

if __name__ == "__main__":
    with job(snakemake):
        rank_lists(**snakemake.input, **snakemake.output, **snakemake.params.settings)
