"""Find the nearest neighbours of each generated image (rule ``build_graph``)."""

from purereid.job import job
from purereid.purification.build_graph import build_graph

if __name__ == "__main__":
    with job(snakemake):
        build_graph(
            **snakemake.input,
            **snakemake.output,
            settings=snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
