"""The status as a picture."""

import re
from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.planned_jobs import Job
from purereid.status.picture import COLOURS, draw_status, explanations
from purereid.status.report import STATES, Verdict


def verdict(state: str, rule: str, *lines: str, reads: str = "", **wildcards: str) -> Verdict:
    name = "-".join([rule, *wildcards.values()])
    inputs = (reads,) if reads else ()
    return Verdict(Job(rule, "reid", wildcards, inputs, (name,), Path("log"), Path("tsv"), None), state, lines)


def drawn(folder: Path, *verdicts: Verdict) -> tuple[list[str], str]:
    """Texts and text of the SVG."""
    draw_status(verdicts, folder / "a.svg")
    svg = (folder / "a.svg").read_text()
    return re.findall(r"<!-- (.+?) -->", svg), svg


def test_seeds_and_shards_are_one_cell_with_the_state_of_the_worst(tmp_path: Path):
    seeds = [
        verdict(state, "train", "why", dataset="d", experiment="x", seed=seed)
        for state, seed in (("done", "1"), ("stale", "2"))
    ]
    shards = [verdict("done", "embed", reads="train-d-x-1", dataset="d", shard=shard, shards="3") for shard in "012"]
    texts, svg = drawn(tmp_path, *seeds, *shards)
    assert "x × 2" in texts and "embed" in texts
    assert {"stale 1", "done 4"} <= set(texts) and not any(text.startswith("failed") for text in texts)
    assert (
        svg.count(f"fill: {COLOURS['stale'].lower()}") == svg.count(f"fill: {COLOURS['done'].lower()}") == 2
    )  # legend


def test_data_sets_are_told_apart_where_there_are_several(tmp_path: Path):
    assert {"a", "b"} <= set(drawn(tmp_path, *(verdict("done", "index", dataset=name) for name in "ab"))[0])
    assert "a" not in drawn(tmp_path, verdict("done", "index", dataset="a"))[0]


def test_every_state_has_a_colour_and_a_number(tmp_path: Path):
    assert COLOURS.keys() == set(STATES) and len(set(COLOURS.values())) == len(STATES)
    verdicts = [verdict(state, f"rule_{state}", "why") for state in STATES]
    assert {f"{state} 1" for state in STATES} <= set(drawn(tmp_path, *verdicts)[0])


def test_what_is_not_done_is_explained():
    stale = [verdict("stale", "train", "changed code", "log", experiment=name) for name in "abcdefg"]
    lines = explanations([verdict("waiting", "compare", "train"), *stale, verdict("done", "index")])
    assert lines[0] == "stale: train a, changed code" and lines[-1] == "and 2 more" and len(lines) == 6
    failed = explanations([*stale, verdict("failed", "train", "so " * 100)])[0]
    assert failed.startswith("failed: train, so so") and len(failed) < 120


def test_another_kind_of_picture_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"\.pdf"):
        draw_status([verdict("done", "index")], tmp_path / "a.pdf")
