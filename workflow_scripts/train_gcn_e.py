"""Train the network that chooses among neighbours (rule ``train_gcn_e``)."""

from purereid.job import job
from purereid.purification.train_gcn_e import train_gcn_e

if __name__ == "__main__":
    with job(snakemake) as this:
        train_gcn_e(
            **snakemake.input,
            **snakemake.output,
            settings=this.settings("train_gcn_e"),
            stamp=this.stamp,
            gpus=snakemake.resources.gpu,
        )
