"""Find out what is true of generated images (rule ``judge_generated``)."""

from purereid.job import job
from purereid.purification.judge_generated import judge_generated

if __name__ == "__main__":
    with job(snakemake):
        judge_generated(
            **snakemake.input,
            **snakemake.output,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
        )
