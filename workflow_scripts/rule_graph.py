"""Draw which rule feeds which (rule ``rule_graph``)."""

from purereid.logs import job
from purereid.provenance import PACKAGE
from purereid.report.rule_graph import rule_graph

if __name__ == "__main__":
    with job(snakemake):
        rule_graph(**snakemake.output, config=snakemake.config, snakefile=PACKAGE.parents[1] / "Snakefile")
