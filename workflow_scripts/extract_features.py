"""Turn test images into features (rule ``extract_features``)."""

from purereid.job import job
from purereid.reid.extract import extract_features

if __name__ == "__main__":
    with job(snakemake):
        extract_features(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
