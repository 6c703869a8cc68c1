"""Write an encoder in formats that others read (rule ``export_encoder``)."""

from purereid.job import job
from purereid.reid.export_encoder import export_encoder

if __name__ == "__main__":
    with job(snakemake):
        export_encoder(
            **snakemake.input,
            **snakemake.output,
            **snakemake.params.settings,
            threads=snakemake.threads,
        )
