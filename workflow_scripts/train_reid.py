"""Train one encoder (rule ``train_reid``)."""

from purereid.logs import job
from purereid.systems.bot.encoder import train_reid

if __name__ == "__main__":
    with job(snakemake) as this:
        train_reid(
            index=snakemake.input.index,
            **snakemake.output,
            settings=snakemake.params.settings,
            stamp=this.stamp,
            threads=snakemake.threads,
            granted_gpus=snakemake.resources.gpu,
        )
