"""Turn real and generated training images into features (rule ``embed_generated``)."""

from purereid.job import job
from purereid.purification.embed_generated import embed_generated

if __name__ == "__main__":
    with job(snakemake):
        embed_generated(
            index=snakemake.input.index,
            encoder=snakemake.input.encoder,
            classifier=snakemake.input.get("classifier"),
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
