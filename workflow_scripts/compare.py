"""Compare all experiments on a data set (rule ``compare``)."""

from purereid.job import job
from purereid.report.compare import compare

if __name__ == "__main__":
    with job(snakemake):
        compare(**snakemake.input, **snakemake.output, **snakemake.params.settings)
