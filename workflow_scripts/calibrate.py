"""Say how sure one may be that two images show one person (rule ``calibrate``)."""

from purereid.job import job
from purereid.reid.calibrate import calibrate

if __name__ == "__main__":
    with job(snakemake):
        calibrate(**snakemake.input, **snakemake.output, **snakemake.params.settings)
