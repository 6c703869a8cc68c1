"""Choose among generated images (rule ``purify``)."""

from purereid.job import job
from purereid.purification.purify import purify

if __name__ == "__main__":
    with job(snakemake):
        purify(
            **snakemake.input,
            **snakemake.output,
            settings=snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
