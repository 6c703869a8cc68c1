"""List the training set of an experiment with purified images (rule ``index_purified``)."""

from purereid.job import job
from purereid.purification.index_purified import index_purified

if __name__ == "__main__":
    with job(snakemake):
        index_purified(**snakemake.input, **snakemake.output)
