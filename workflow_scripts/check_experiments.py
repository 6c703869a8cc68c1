"""Check that a data set has what the experiments need (rule ``check_experiments``)."""

from purereid.data.check_experiments import check_experiments
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        check_experiments(**snakemake.input, **snakemake.output, **snakemake.params.settings)
