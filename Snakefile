"""
purereid: generate, purify, re-identify.

Trains person re-identification models, scores them under one protocol and compares them. Everything is set in
config.yaml; every artifact is a file under results/ of the working folder that can be asked for by name.

    snakemake --cores all                                            everything that is not up to date
    snakemake --cores all results/people/evaluate/baseline/seed1/scores.json    one artifact and what it needs
    snakemake --report report.zip                                    the report
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


configfile: Path(workflow.current_basedir, "config.yaml")  # the defaults, wherever the workflow is run


include: "rules/common.smk"


container: config["container"]


include: "rules/dataset.smk"
include: "rules/generation.smk"
include: "rules/purification.smk"
include: "rules/reid.smk"
include: "rules/textures.smk"
include: "rules/report.smk"
include: "rules/targets.smk"


report: first_page()


if workflow.modifier.is_main_snakefile():  # the shell of another workflow that uses this as a module is its own
    shell.prefix(SHELL_PREFIX)
stop = Stop()


onstart:
    stop.heed()


onsuccess:  # Snakemake has seen the end of all its jobs
    forget("results")


onerror:  # that of those that ended well too, unless it was asked to end
    if not stop.wanted:
        forget("results")
        if hint := without_the_failed(*scored_and_failed(workflow.dag), setup.left_out, holds_without):
            logger.warning(hint)


rule all:
    """Score every experiment of the config, compare them and draw the pictures of the report."""
    input:
        comparisons(),
        pictures(),
        artifacts(),  # named too, so that one that is missing is made again although what was made from it is there
