"""Compare the scores of generators (rule ``compare_images``)."""

from purereid.job import job
from purereid.report.compare_images import compare_images

if __name__ == "__main__":
    with job(snakemake):
        compare_images(**snakemake.input, **snakemake.output, **snakemake.params.settings)
