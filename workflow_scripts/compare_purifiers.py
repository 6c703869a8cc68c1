"""Compare purifiers (rule ``compare_purifiers``)."""

from purereid.job import job
from purereid.report.compare_purifiers import compare_purifiers

if __name__ == "__main__":
    with job(snakemake):
        compare_purifiers(**snakemake.input, **snakemake.output, **snakemake.params.settings)
