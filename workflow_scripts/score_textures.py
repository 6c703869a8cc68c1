"""Score a painter on persons that it did not learn from (rule ``score_textures``)."""

from purereid.job import job
from purereid.textures.score_textures import score_textures

if __name__ == "__main__":
    with job(snakemake):
        score_textures(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            gpus=snakemake.resources.gpu,
            threads=snakemake.threads,
        )
