"""Compare encoders by what their maps tell of the body, and painters (rule ``compare_textures``)."""

from purereid.job import job
from purereid.report.compare_textures import compare_textures

if __name__ == "__main__":
    with job(snakemake):
        compare_textures(**snakemake.input, **snakemake.output, **snakemake.params.settings)
