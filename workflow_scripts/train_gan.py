"""Train one stage of a system that only generates (rule ``train_gan``)."""

from purereid.job import job
from purereid.training.stage import train_stage

if __name__ == "__main__":
    with job(snakemake) as this:
        this.require_data()
        train_stage(
            **snakemake.input,
            **snakemake.output,
            **this.settings("train_gan"),
            stamp=this.stamp,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
