"""Compare scores with the number of real images behind them (rule ``few_real``)."""

from purereid.job import job
from purereid.report.few_real import few_real

if __name__ == "__main__":
    with job(snakemake):
        few_real(**snakemake.input, **snakemake.output, **snakemake.params.settings)
