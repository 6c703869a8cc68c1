"""Score the ranking of one encoder (rule ``evaluate``)."""

from purereid.job import job
from purereid.reid.evaluate import evaluate

if __name__ == "__main__":
    with job(snakemake):
        evaluate(**snakemake.input, **snakemake.output, **snakemake.params.settings)
