"""Draw training curves (rule ``plot_curves``)."""

from purereid.job import job
from purereid.report.plot_curves import plot_curves

if __name__ == "__main__":
    with job(snakemake):
        plot_curves(**snakemake.input, **snakemake.output, **snakemake.params.settings)
