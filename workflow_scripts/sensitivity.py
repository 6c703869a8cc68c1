"""Tell what purifiers find of which failures (rule ``sensitivity``)."""

from purereid.job import job
from purereid.report.sensitivity import sensitivity

if __name__ == "__main__":
    with job(snakemake):
        sensitivity(**snakemake.input, **snakemake.output, **snakemake.params.settings)
