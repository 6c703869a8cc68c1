"""List the training set of an experiment with purified images (rule ``index_purified``)."""

from purereid.graph.index_purified import index_purified
from purereid.logs import job

if __name__ == "__main__":
    with job(snakemake):
        index_purified(**snakemake.input, **snakemake.output)
