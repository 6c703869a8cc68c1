"""List pairs of source and target image (rule ``sample_pairs``)."""

from purereid.data.pairs import sample_pairs
from purereid.job import job

if __name__ == "__main__":
    with job(snakemake):
        sample_pairs(**snakemake.input, **snakemake.output, **snakemake.params.settings)
