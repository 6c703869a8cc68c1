"""Score generated images (rule ``score_images``)."""

from purereid.job import job
from purereid.scoring.score_images import score_images

if __name__ == "__main__":
    with job(snakemake):
        score_images(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
