"""Render people who do not exist (rule ``render_people``)."""

from purereid.job import job
from purereid.people.writer import render_people

if __name__ == "__main__":
    with job(snakemake) as this:
        render_people(this.folder, **snakemake.params.settings, processes=snakemake.threads, progress=this.progress)
