"""Draw features in two dimensions (rule ``plot_features``)."""

from purereid.job import job
from purereid.report.plot_features import plot_features

if __name__ == "__main__":
    with job(snakemake):
        plot_features(**snakemake.input, **snakemake.output, **snakemake.params.settings)
