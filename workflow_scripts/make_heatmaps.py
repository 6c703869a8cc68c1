"""Draw joint and body-part heat maps of a data set (rule ``make_heatmaps``)."""

from purereid.data.make_heatmaps import make_heatmaps
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        make_heatmaps(
            **snakemake.input, **snakemake.output, **snakemake.params.settings, gpus=snakemake.resources.get("gpu", 0)
        )
