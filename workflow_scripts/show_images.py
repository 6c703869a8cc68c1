"""Show generated images (rule ``show_images``)."""

from purereid.job import job
from purereid.report.show_images import show_images

if __name__ == "__main__":
    with job(snakemake):
        show_images(**snakemake.input, **snakemake.output, **snakemake.params.settings)
