"""Bring a data set to one index (rule ``index_dataset``)."""

from purereid.data.index_dataset import index_dataset
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake) as this:
        index_dataset(
            **snakemake.output,
            **snakemake.params.settings,
            images=this.folder / "images",
            threads=snakemake.threads,
        )
