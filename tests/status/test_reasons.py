"""Reasons in a few words."""

import json
from pathlib import Path

import pytest

from purereid.planned_jobs import Job, Reason
from purereid.status.reasons import changed_params, why

OLD, NEW, STATE = (letter * 64 for letter in "abc")


def job(folder: Path, **reason: object) -> Job:
    return Job(
        "purify", "purification", {}, (), (str(folder / "k.parquet"),), Path("log"), Path("tsv"), Reason(**reason)
    )


def params(*values: object) -> frozenset[str]:
    """As Snakemake compares them."""
    return frozenset(map(repr, values))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"missing": ("r/a.csv",)}, "missing output: r/a.csv"),
        ({"missing": ("r/a.csv", "r/b.csv")}, "missing output: r/a.csv and 1 more"),
        ({"incomplete": True}, "incomplete output"),
        ({"updated": ("r/i.parquet",), "inputs": True}, "changed data: r/i.parquet, other inputs"),
        ({"environment": True}, "changed environment"),
        ({"before": params({"k": 1}), "now": params({"k": 2})}, "changed settings: k 1 -> 2"),
        (
            {"updated": ("r/i.parquet",), "before": params(OLD), "now": params(NEW), "environment": True},
            "changed data: r/i.parquet, changed code, changed environment",
        ),
    ],
)
def test_why(tmp_path: Path, reason: dict, words: str):
    (tmp_path / "provenance.json").write_text(json.dumps({"code": OLD}))
    assert why(job(tmp_path, **reason)) == words


def test_without_provenance_code_and_data_are_not_told_apart(tmp_path: Path):
    assert why(job(tmp_path, before=params(OLD), now=params(NEW))) == "changed code or data"


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ([], [], []),
        ([OLD], [NEW], ["changed code"]),
        ([OLD], ["off"], ["changed code"]),
        ([STATE], [NEW], ["changed data"]),
        ([STATE, OLD], [NEW, STATE[::-1]], ["changed code", "changed data"]),
        ([{"k": 1}, OLD], [NEW, {"k": 2}], ["changed code", "changed settings: k 1 -> 2"]),
        # A checksum within the settings is a setting, not the digest of the code.
        ([{"sha256": STATE}], [{"sha256": NEW}], ["changed settings: sha256"]),
        ([{"a": {"b": 1, "c": 2}}], [{"a": {"b": 1, "c": 3}}], ["changed settings: a.c 2 -> 3"]),
        ([{"a": 1}], [{"a": 1, "b": 2}], ["changed settings: b None -> 2"]),
        (
            [dict.fromkeys("abcde", 1)],
            [dict.fromkeys("abcde", 2)],
            ["changed settings: a 1 -> 2, b 1 -> 2, c 1 -> 2, 2 more"],
        ),
        ([["x", "y"]], [["x"]], ["changed settings"]),
        ([{"a": float("inf")}], [{"a": 1}], ["changed settings"]),
        ([{"a": 1}, ["x"]], [{"a": 2}, ["y"]], ["changed settings"]),
        ([], [{"a": 1}], ["changed settings"]),
        ([], [NEW], ["changed settings"]),
    ],
)
def test_settings_code_and_data_are_told_apart(before: list, now: list, words: list[str]):
    assert changed_params(params(*before), params(*now), code=OLD) == words
