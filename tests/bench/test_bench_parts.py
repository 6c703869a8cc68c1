"""Every part runs, at the smallest sizes, and the command writes what it printed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.__main__ import run_all
from bench.comparison import Row
from bench.machine import machine
from bench.neighbours import make_features
from bench.neighbours import other_ways as other_libraries
from bench.parts import PARTS, as_a_job, module, run, threads_of
from bench.ranking import features_and_labels, other_ways
from purereid.retrieval.neighbours import nearest_neighbours
from purereid.retrieval.ranking import rank

OURS = dict.fromkeys(PARTS, "purereid") | {
    "rendering": "purereid, pictures alone",
    "images": "from files",
    "training": "purereid, fp32",
    "threads": "purereid, two threads",
}


def test_each_size_has_its_numbers():
    for part in PARTS:
        for size in (module(part).TINY, *module(part).SMALL, *module(part).FULL):
            assert len(size) == len(module(part).NAMES), part


@pytest.mark.parametrize(
    ("part", "given", "expected"),
    [("training", None, "1"), ("training", "3", "3"), ("images", "3", "1"), ("heatmaps", None, "2")],
)
def test_a_part_has_the_threads_of_its_job(
    monkeypatch: pytest.MonkeyPatch, part: str, given: str | None, expected: str
):
    threads = {"train_reid": 1, "make_heatmaps": 8}
    monkeypatch.setattr("bench.parts.threads_of", threads.get)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {4, 7})
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    before = dict(os.environ)
    with as_a_job(part):
        assert os.environ["OMP_NUM_THREADS"] == expected
    assert os.environ == before


def test_jobs_have_the_threads_of_the_config(config: dict):
    assert {rule: threads_of(rule) for rule in config["resources"]} == {
        rule: asked["threads"] for rule, asked in config["resources"].items()
    }
    assert threads_of("plot_cmc") == config["resources"]["default"]["threads"]


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_measured(part: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.comparison.ROUNDS", 1)
    if part == "training":
        small = {"backbone": "resnet_small", "height": 32, "width": 16, "images_per_identity": 2}
        sections = module(part).settings(published=False)
        sections["train_reid"] |= small
        sections["posegan"] |= {"height": 32, "width": 16, "channels": 4, "blocks": 1, "batch": 2}
        monkeypatch.setattr(module(part), "settings", lambda published: sections)
    tables = list(module(part).comparisons(*module(part).TINY))
    assert tables
    for rows in tables:
        assert rows[1].way == OURS[part] and rows[0].times_floor == rows[1].times_ours == 1
        assert all(row.seconds > 0 and row.count > 0 and row.part.startswith(part) for row in rows)


def test_the_published_networks_are_those_of_the_preset():
    sections = module("training").settings(published=True)
    assert sections["train_reid"]["backbone"] == "resnet50" and sections["train_reid"]["height"] == 256
    assert sections["posegan"]["blocks"] == 13 and sections["posegan"]["history"] == 50


def test_other_libraries_find_the_same_precision():
    features, labels = features_and_labels(30, 400, 8)
    labels[0] %= 5
    labels[1] %= 5
    ways = other_ways(1 - features[:30] @ features[30:].T, labels)
    if not ways:
        pytest.skip("neither scikit-learn nor torchmetrics is installed")
    ranking = rank(features[:30], features[30:], *labels)
    for way in ways.values():
        np.testing.assert_allclose(way(), ranking.AP[ranking.good > 0], atol=1e-5)


def test_the_machine():
    found = machine()
    assert found["cores"] >= 1 and found["memory_GiB"] > 0 and found["libraries"]["torch"]


def bench(root: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "bench", *arguments]
    environment = {"PYTHONPATH": f"{root}/workflow_scripts:{root}/tests", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_the_table_and_its_json(root: Path, tmp_path: Path):
    done = bench(root, tmp_path, "propagation", "--size", "60", "30")
    assert done.returncode == 0, done.stderr
    assert (
        "propagation, 60 images, k = 30 (images; threads 1, others took " in done.stdout
        and "JSON: bench.json" in done.stdout
    )
    written = json.loads((tmp_path / "bench.json").read_text())
    assert [row["way"] for row in written["rows"]] == ["connected components once", "purereid"]
    assert written["machine"].keys() == machine().keys() and written["machine"]["cores"] == machine()["cores"]
    assert written["failed"] == [] and written["full"] is False
    assert done.stdout.index("x floor") < done.stdout.index("propagation, ")  # also where it goes into a file


def test_other_libraries_find_the_same_neighbours():
    features = make_features(200, 16, people=True)
    ways = other_libraries(features, 5)
    if not ways:
        pytest.skip("neither faiss nor scikit-learn is installed")
    expected = nearest_neighbours(features, 5).indices
    for way in ways.values():
        found = way.work()
        np.testing.assert_array_equal(found[1][:, 1:], expected[: len(found[1])])


@pytest.mark.slow
def test_a_part_that_fails_does_not_lose_the_others(root: Path, tmp_path: Path):
    done = bench(root, tmp_path, "neighbours", "--size", "5", "8", "9", "--json", "other.json")
    assert done.returncode == 1 and "neighbours failed: " in done.stdout
    (failed,) = json.loads((tmp_path / "other.json").read_text())["failed"]
    assert failed["part"] == "neighbours" and failed["size"] == [5, 8, 9] and "UserError" in failed["error"]


@pytest.mark.slow
def test_a_part_that_is_killed_does_not_lose_the_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.__main__.run", die_of_images)
    todo = [("images", (1,)), ("propagation", (60, 30)), ("images", (2,)), ("propagation", (70, 30))]
    found = [(part, size, len(rows), "killed" in error) for part, size, rows, error in run_all(todo)]
    assert found == [(part, size, 0, True) if part == "images" else (part, size, 2, False) for part, size in todo]


def die_of_images(part: str, size: tuple[int, ...]) -> tuple[list[Row], str]:
    """Take the place of ``run``."""
    if part == "images":
        os.kill(os.getpid(), signal.SIGKILL)
    return run(part, size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rank"], "there is no part rank; the parts are ranking, reranking"),
        (["--size", "3"], "--size takes exactly one part"),
        (["neighbours", "--size", "3", "4"], "--size of neighbours takes 3 numbers from 1: images, width, k"),
        (["heatmaps", "--size", "0"], "--size of heatmaps takes 1 numbers from 1: images"),
    ],
)
def test_mistakes_at_the_command_line(root: Path, tmp_path: Path, arguments: list[str], message: str):
    done = bench(root, tmp_path, *arguments)
    assert done.returncode == 2 and message in done.stderr and not list(tmp_path.iterdir())
