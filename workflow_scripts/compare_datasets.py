"""Compare experiments across the data sets that they are trained and tested on (rule ``compare_datasets``)."""

from purereid.job import job
from purereid.report.compare_datasets import compare_datasets

if __name__ == "__main__":
    with job(snakemake):
        compare_datasets(**snakemake.input, **snakemake.output, **snakemake.params.settings)
