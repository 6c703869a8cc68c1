"""Generate one shard of images (rule ``generate``)."""

from purereid.logs import job
from purereid.systems.generate import generate

if __name__ == "__main__":
    with job(snakemake):
        generate(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
