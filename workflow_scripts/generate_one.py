"""Draw chosen persons in chosen poses (rule ``generate_one``)."""

from purereid.generation.generate_one import generate_one
from purereid.logs import job

if __name__ == "__main__":
    with job(snakemake):
        generate_one(
            **{name: snakemake.input[name] for name in ("index", "keypoints", "generator")},
            **snakemake.output,
            **snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
