"""Draw the training curves of a GCN (rule ``plot_gcn_curves``)."""

from purereid.job import job
from purereid.report.plot_curves import plot_curves

if __name__ == "__main__":
    with job(snakemake):
        plot_curves(curves=[snakemake.input.curves], **snakemake.output, **snakemake.params.settings)
