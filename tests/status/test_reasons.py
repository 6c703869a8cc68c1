"""Reasons in a few words."""

import json
from pathlib import Path

import pytest

from purereid.status.plan import Job
from purereid.status.reasons import changed_params, why

OLD, NEW, STATE = (letter * 64 for letter in "abc")
PARAMS = "Params have changed since last execution: Union of exclusive params before and now across all output: "


def job(folder: Path, reason: str) -> Job:
    return Job("purify", {}, (), (str(folder / "kept.parquet"),), Path("a.log"), Path("a.tsv"), reason)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Missing output files: r/a.csv", "missing output: r/a.csv"),
        ("Missing output files: r/a.csv, r/b.csv", "missing output: r/a.csv and 1 more"),
        (
            "Updated input files: r/i.parquet; Set of input files has changed since last execution",
            "changed data: r/i.parquet, other inputs",
        ),
        ("Software environment definition has changed since last execution", "changed environment"),
        (PARAMS + "before: {'k': 1} now: {'k': 2} ", "changed settings: k 1 -> 2"),
        (
            f"Updated input files: r/i.parquet; {PARAMS}before: '{OLD}' now: '{NEW}' ; "
            "Software environment definition has changed since last execution",
            "changed data: r/i.parquet, changed code, changed environment",
        ),
        ("Something that a later Snakemake says", "Something that a later Snakemake says"),
    ],
)
def test_why(tmp_path: Path, reason: str, words: str):
    (tmp_path / "provenance.json").write_text(json.dumps({"code": OLD}))
    assert why(job(tmp_path, reason)) == words


def test_without_provenance_code_and_data_are_not_told_apart(tmp_path: Path):
    assert why(job(tmp_path, PARAMS + f"before: '{OLD}' now: '{NEW}' ")) == "changed code or data"


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (f"'{OLD}'", f"'{NEW}'", ["changed code"]),
        (f"'{OLD}'", "'off'", ["changed code"]),
        (f"'{STATE}'", f"'{NEW}'", ["changed data"]),
        (f"'{STATE}','{OLD}'", f"'{NEW}','{STATE[::-1]}'", ["changed code", "changed data"]),
        (f"{{'k': 1}},'{OLD}'", f"'{NEW}',{{'k': 2}}", ["changed code", "changed settings: k 1 -> 2"]),
        # A checksum within the settings is a setting, not the digest of the code.
        (f"{{'sha256': '{STATE}'}}", f"{{'sha256': '{NEW}'}}", ["changed settings: sha256"]),
        ("{'a': {'b': 1, 'c': 2}}", "{'a': {'b': 1, 'c': 3}}", ["changed settings: a.c 2 -> 3"]),
        ("{'a': 1}", "{'a': 1, 'b': 2}", ["changed settings: b None -> 2"]),
        (
            "{'a': 1, 'b': 1, 'c': 1, 'd': 1, 'e': 1}",
            "{'a': 2, 'b': 2, 'c': 2, 'd': 2, 'e': 2}",
            ["changed settings: a 1 -> 2, b 1 -> 2, c 1 -> 2, 2 more"],
        ),
        ("['x', 'y']", "['x']", ["changed settings"]),
        ("{'a': inf}", "{'a': 1}", ["changed settings"]),
        ("<nothing exclusive>", "{'a': 1}", ["changed settings"]),
    ],
)
def test_settings_code_and_data_are_told_apart(before: str, now: str, words: list[str]):
    assert changed_params(before, now, code=OLD) == words
