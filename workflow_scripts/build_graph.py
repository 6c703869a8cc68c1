"""Find the nearest neighbours of each generated image (rule ``build_graph``)."""

from purereid.graph.build_graph import build_graph
from purereid.logs import job

if __name__ == "__main__":
    with job(snakemake):
        build_graph(
            **snakemake.input,
            **snakemake.output,
            settings=snakemake.params.settings,
            gpus=snakemake.resources.gpu,
        )
