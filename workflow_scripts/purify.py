"""Choose among generated images (rule ``purify``)."""

from purereid.graph.purify import purify
from purereid.logs import job

if __name__ == "__main__":
    with job(snakemake):
        purify(
            **snakemake.input,
            **snakemake.output,
            settings=snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
