"""Draw which rule feeds which (rule ``rule_graph``)."""

from pathlib import Path

from purereid.job import job
from purereid.report.rule_graph import rule_graph

if __name__ == "__main__":
    with job(snakemake):
        snakefile = Path(snakemake.scriptdir).parent / "Snakefile"
        rule_graph(**snakemake.output, config=snakemake.config, snakefile=snakefile)
