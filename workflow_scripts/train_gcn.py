"""Train the network that predicts links (rule ``train_gcn``)."""

from purereid.job import job
from purereid.purification.train_gcn import train_gcn

if __name__ == "__main__":
    with job(snakemake) as this:
        train_gcn(
            **snakemake.input,
            **snakemake.output,
            settings=this.settings("train_gcn"),
            stamp=this.stamp,
            gpus=snakemake.resources.gpu,
        )
