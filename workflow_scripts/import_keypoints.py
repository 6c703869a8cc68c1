"""Bring key points to the images of a data set (rule ``import_keypoints``)."""

from purereid.data.import_keypoints import import_keypoints
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        import_keypoints(
            index=snakemake.input.index,
            sources=list(snakemake.input.sources),
            **snakemake.output,
            **snakemake.params.settings,
        )
