"""Generate one shard of images (rule ``generate``)."""

from purereid.generation.generate import generate
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        generate(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
