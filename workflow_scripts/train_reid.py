"""Train one stage of a system that yields an encoder (rule ``train_reid``)."""

from purereid.job import job
from purereid.training.stage import train_stage

if __name__ == "__main__":
    with job(snakemake) as this:
        this.require_data()
        train_stage(
            **{name: file for name, file in snakemake.input.items() if name != "generated"},  # the index names these
            **snakemake.output,
            **this.settings("train_reid"),
            stamp=this.stamp,
            threads=snakemake.threads,
            granted_gpus=snakemake.resources.gpu,
        )
