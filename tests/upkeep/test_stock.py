"""What is found before a run: lost records of Snakemake, damaged files, several versions of a library."""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from purereid.job import job
from purereid.planned_jobs import Reason, planned_jobs
from purereid.upkeep.stock import take_stock
from purereid.upkeep.verify import main

RULE = """
rule {name}:
    input: "{source}"
    output: "results/d/{name}/file", "results/d/{name}/other"
    log: "logs/d/{name}.log"
    benchmark: "benchmarks/d/{name}.tsv"
    params: settings={{"k": {k}}}, code="c"
    shell: "false"
"""
CHAIN = {"first": "data", "second": "results/d/first/file", "third": "results/d/second/file"}
SNAKEMAKE = Path(".snakemake")


class Named(dict):
    """Stands for Snakemake's lists of named files."""

    def __iter__(self):
        return iter(self.values())

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a workflow of three rules made."""
    folder = tmp_path_factory.mktemp("made")
    with contextlib.chdir(folder):
        Path("data").write_text("data")
        declare()
        for name in CHAIN:
            make(name)
    return folder


@pytest.fixture(autouse=True)
def results(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in the current folder; Snakemake has no record of it."""
    shutil.copytree(made, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")


def declare(**changed: int) -> None:
    rules = [RULE.format(name=name, source=source, k=changed.get(name, 1)) for name, source in CHAIN.items()]
    Path("Snakefile").write_text("".join(["rule all:\n    input: 'results/d/third/file'\n", *rules]))


def make(name: str) -> None:
    folder = Path("results/d", name)
    stands_for = SimpleNamespace(
        rule=name,
        wildcards=Named(),
        params=Named(settings={"k": 1}, code="c"),
        input=Named(source=CHAIN[name]),
        output=Named(file=str(folder / "file"), other=str(folder / "other")),
        log=[f"logs/d/{name}.log"],
        threads=1,
    )
    with job(stands_for):
        for output in stands_for.output:
            Path(output).write_text(f"made by {name}")
    Path("benchmarks/d").mkdir(parents=True, exist_ok=True)
    Path(f"benchmarks/d/{name}.tsv").touch()


def stock() -> list[str]:
    said = []
    take_stock(Path("results"), SNAKEMAKE.resolve(), said.append)
    return said


def reasons() -> dict[str, Reason | None]:
    return {each.rule: each.reason for each in planned_jobs()}


def set_time(path: str, hours: float) -> None:
    """Date a file hours before, or after, the data."""
    when = Path("data").stat().st_mtime + 3600 * hours
    os.utime(path, (when, when))


def test_what_fits_is_not_made_again_whatever_its_time():
    for hours, name in enumerate(reversed(CHAIN)):
        for path in (f"results/d/{name}/file", f"benchmarks/d/{name}.tsv"):
            set_time(path, hours - 5)
    (said,) = stock()
    assert "records of 3 artifacts were lost" in said
    assert not any(reasons().values())
    assert stock() == []


def test_without_its_records_snakemake_goes_by_times_alone():
    """What this module is for."""
    declare(second=2)
    assert not any(reasons().values())
    set_time("data", 5)
    assert reasons()["first"].updated == ("data",)


def test_changed_settings_are_found():
    declare(second=2)
    stock()
    found = reasons()
    assert found["first"] is None and found["second"].now == {"{'k': 2}"} and found["second"].before == {"{'k': 1}"}


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_changed_input_is_found_whatever_its_time(hours: float):
    Path("data").write_text("edited")
    set_time("data", hours)
    stock()
    found = reasons()
    assert found["first"].updated == ("data",) and found["third"] == Reason()


def test_an_artifact_that_was_made_anew_without_those_behind_it():
    Path("results/d/first/file").write_text("another")
    record = json.loads(Path("results/d/first/provenance.json").read_text())
    record["outputs"]["file"] = {"bytes": 7, "sha256": "of another"}
    Path("results/d/first/provenance.json").write_text(json.dumps(record))
    set_time("results/d/first/file", -5)
    stock()
    assert reasons()["second"].updated == ("results/d/first/file",)


def test_records_that_snakemake_has_stay_and_artifacts_at_work_get_none():
    stock()
    records = {path: path.read_bytes() for path in SNAKEMAKE.rglob("metadata/*")}
    declare(third=3)
    assert stock() == [] and len(records) == 6
    assert records == {path: path.read_bytes() for path in SNAKEMAKE.rglob("metadata/*")}
    for path in SNAKEMAKE.rglob("metadata/*"):
        (SNAKEMAKE / "incomplete" / path.name).touch()
        path.unlink()
    assert stock() == []


@pytest.mark.parametrize("lost", [False, True])
def test_a_truncated_file_whose_time_was_kept_is_made_again(lost: bool):
    stock()
    path = Path("results/d/second/file")
    about = path.stat()
    path.write_text("")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    if lost:
        shutil.rmtree(SNAKEMAKE)
    said = " ".join(stock())
    assert "to be made again: results/d/second/file (0 bytes, made with 14)" in said
    found = reasons()
    assert found["second"].incomplete and found["first"] is None


def test_a_file_that_somebody_wrote_is_told_and_stays():
    stock()
    Path("results/d/second/file").write_text("edited")
    set_time("results/d/second/file", 1)
    (said,) = stock()
    assert "results/d/second/file (6 bytes, made with 14)" in said and "delete provenance.json" in said
    assert reasons()["second"] is None
    Path("results/d/second/provenance.json").unlink()
    assert stock() == []


def test_all_content_is_verified_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr(sys, "argv", ["verify"])
    assert main() == 0 and "6 files and folders" in capsys.readouterr().out
    Path("results/d/second/other").write_text("MADE by second")
    assert main() == 1 and "damaged: results/d/second/other" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": 3}', '{"rule": "r", "outputs": {"file": {}}}'])
def test_provenance_that_cannot_be_used_is_told(text: str):
    Path("results/d/second/provenance.json").write_text(text)
    assert any("results/d/second, is damaged or of an older version" in said for said in stock())
    assert reasons()["second"] is None


def of_experiment(change: Callable[[dict, str], None]) -> None:
    """Let the chain be that of an experiment, and change the provenance of its artifacts."""
    for name in CHAIN:
        path = Path("results/d", name, "provenance.json")
        record = json.loads(path.read_text())
        if name == "third":
            record |= {"rule": "evaluate", "wildcards": {"experiment": "e", "seed": "1", "dataset": "d"}}
        change(record, name)
        path.write_text(json.dumps(record))


def test_an_experiment_of_two_versions_of_a_library_is_told():
    def older(record: dict, name: str) -> None:
        record["libraries"]["torch"] = "1.0" if name == "first" else "2.0"

    of_experiment(older)
    said = [line for line in stock() if "torch" in line]
    assert len(said) == 1 and said[0].startswith("e (seed 1, d): made with torch 1.0 and 2.0")


def test_other_experiments_and_what_computes_nothing_do_not_count():
    def older(record: dict, name: str) -> None:
        record["libraries"]["snakemake"] = name
        if name == "third":
            record["libraries"]["torch"] = "1.0"
            record["inputs"] = {}

    of_experiment(older)
    assert not [line for line in stock() if "torch" in line or "made with" in line]
