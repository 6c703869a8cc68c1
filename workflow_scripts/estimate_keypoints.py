"""Estimate the key points of a data set that has none (rule ``estimate_keypoints``)."""

from purereid.job import job
from purereid.poses.estimate_keypoints import estimate_keypoints

if __name__ == "__main__":
    with job(snakemake):
        estimate_keypoints(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.get("gpu", 0),
        )
