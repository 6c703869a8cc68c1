"""Show some identities of a data set (rule ``contact_sheet``)."""

from purereid.job import job
from purereid.report.contact_sheet import contact_sheet

if __name__ == "__main__":
    with job(snakemake):
        contact_sheet(**snakemake.input, **snakemake.output, **snakemake.params.settings)
