"""Draw chosen persons in chosen poses (rule ``generate_one``)."""

from purereid.generation.generate_one import generate_one
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        generate_one(
            **{name: file for name, file in snakemake.input.items() if name != "named"},
            **snakemake.output,
            **snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
