"""Train the network that predicts how confident images are (rule ``train_gcn_v``)."""

from purereid.job import job
from purereid.purification.train_gcn_v import train_gcn_v

if __name__ == "__main__":
    with job(snakemake) as this:
        train_gcn_v(
            **snakemake.input,
            **snakemake.output,
            settings=this.settings("train_gcn_v"),
            stamp=this.stamp,
            gpus=snakemake.resources.gpu,
        )
