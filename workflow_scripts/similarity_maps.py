"""Show ranked lists with the places that their cosines come from (rule ``similarity_maps``)."""

from purereid.job import job
from purereid.report.similarity_maps import similarity_maps

if __name__ == "__main__":
    with job(snakemake):
        similarity_maps(**snakemake.input, **snakemake.output, **snakemake.params.settings)
