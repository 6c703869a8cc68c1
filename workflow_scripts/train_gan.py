"""Train one image generator (rule ``train_gan``)."""

from purereid.logs import job
from purereid.training.train_gan import train_gan

if __name__ == "__main__":
    with job(snakemake) as this:
        train_gan(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            stamp=this.stamp,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
