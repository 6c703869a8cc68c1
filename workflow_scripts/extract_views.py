"""Average features over generated views of test images (rule ``extract_views``)."""

from purereid.job import job
from purereid.reid.extract_views import extract_views

if __name__ == "__main__":
    with job(snakemake):
        extract_views(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
