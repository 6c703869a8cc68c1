"""Paint the textures of the training images of an experiment (rule ``paint_textures``)."""

from purereid.job import job
from purereid.textures.paint_textures import paint_textures

if __name__ == "__main__":
    with job(snakemake):
        paint_textures(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            gpus=snakemake.resources.gpu,
            threads=snakemake.threads,
        )
