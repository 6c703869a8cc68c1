"""What dry runs print, recorded from Snakemake 9.27.1 and shortened."""

from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.status.plan import message_of, parse, plan

DRY_RUN = """\
Building DAG of jobs...
Error: Directory cannot be locked. Another Snakemake instance is running.
Job stats:
job           count
----------  -------
rule_graph        1
evaluate          1
compare           1
all               1
total             4

[Sat Nov 21 17:00:07 2026]
rule rule_graph:
    output: results/rule_graph/rule_graph.svg
    log: logs/rule_graph.log
    jobid: 64
    benchmark: benchmarks/rule_graph.tsv
    reason: Missing output files: results/rule_graph/rule_graph.svg
    resources: tmpdir=/tmp, runtime=15, mem_mb=1500, mem=1.5 GB, mem_mib=1431
[Sat Nov 21 17:00:08 2026] Group job people (jobs in lexicogr. order):

    [Sat Nov 21 17:00:08 2026]
    rule evaluate:
        input: results/people/index.parquet, results/people/features.parquet
        output: results/people/evaluate/lsro/seed1/scores.json, results/people/evaluate/lsro/seed1/ranks.parquet
        log: logs/people/evaluate/lsro/seed1.log
        jobid: 6
        benchmark: benchmarks/people/evaluate/lsro/seed1.tsv
        reason: Input files updated by another job: results/people/features.parquet
        wildcards: dataset=people, experiment=lsro, seed=1
        threads: 2

    [Sat Nov 21 17:00:08 2026]
    localrule compare:
        output: results/people/compare/table.csv
        log: logs/people/compare.log
        jobid: 7
        benchmark: benchmarks/people/compare.tsv
        reason: Missing output files: results/people/compare/table.csv
        wildcards: dataset=people

[Sat Nov 21 17:00:09 2026]
rule all:
    input: results/people/evaluate/lsro/seed1/scores.json
    jobid: 0
    reason: Rules with a run or shell declaration but no output are always executed.
Job stats:
"""


def test_jobs_of_a_dry_run():
    graph, evaluate, compare = parse(DRY_RUN)
    assert (graph.name, graph.wildcards, graph.inputs) == ("rule_graph", {}, ())
    assert graph.reason == "Missing output files: results/rule_graph/rule_graph.svg"
    assert evaluate.name == "evaluate people lsro 1"
    assert evaluate.wildcards == {"dataset": "people", "experiment": "lsro", "seed": "1"}
    assert evaluate.inputs == ("results/people/index.parquet", "results/people/features.parquet")
    assert len(evaluate.outputs) == 2 and evaluate.folder == Path("results/people/evaluate/lsro/seed1")
    assert evaluate.log == Path("logs/people/evaluate/lsro/seed1.log")
    assert compare.name == "compare people" and compare.inputs == ()
    assert evaluate.benchmark == Path("benchmarks/people/evaluate/lsro/seed1.tsv")


def test_nothing_to_be_done():
    assert (
        parse("Building DAG of jobs...\nNothing to be done (all requested files are present and up to date).\n") == []
    )


def test_jobs_in_another_form_are_not_passed_over():
    with pytest.raises(UserError, match="3 jobs found in what snakemake --dry-run prints\n  expected: 4 jobs"):
        parse(DRY_RUN.replace("rule rule_graph:", "rule rule_graph {"))


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        (
            'Config file config.yaml is extended.\nWorkflowError in file "/w/rules/common.smk", line 22:\n'
            "unknown config key 'epoch'\n  where:    train_reid\n"
            '  File "/w/rules/common.smk", line 22, in <module>\nUsing workflow specific profile profiles/default.\n',
            "unknown config key 'epoch'\n  where:    train_reid",
        ),
        (
            "Building DAG of jobs...\nMissingRuleException:\nNo rule to produce results/x\n",
            "No rule to produce results/x",
        ),
        ("Something else went wrong\n", "Something else went wrong"),
    ],
)
def test_message_of_a_failed_snakemake(printed: str, message: str):
    assert message_of(printed) == message


def test_config_file_that_is_not_there():
    with pytest.raises(UserError, match=r"config file not found\n  where:    mine\.yaml"):
        plan([], configfile=["mine.yaml"])
