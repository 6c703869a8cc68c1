"""Say how well the map of an encoder tells which part of a person lies where (rule ``score_alignment``)."""

from purereid.job import job
from purereid.textures.score_alignment import score_alignment

if __name__ == "__main__":
    with job(snakemake):
        score_alignment(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            gpus=snakemake.resources.gpu,
            threads=snakemake.threads,
        )
