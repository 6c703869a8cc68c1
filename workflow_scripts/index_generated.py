"""List the training set of an experiment with generated images (rule ``index_generated``)."""

from purereid.generation.index_generated import index_generated
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        index_generated(
            index=snakemake.input.index,
            shards=list(snakemake.input.shards),
            **snakemake.output,
            **snakemake.params.settings,
        )
