"""Two jobs never make one artifact at the same time, and the second takes what the first has made."""

import logging
import multiprocessing
import os
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from purereid.training import making as module
from purereid.training.made import forget
from purereid.training.making import making

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)


def make(output: Path, stamp: str, started: Event, go: Event, *, fails: bool) -> None:
    """Another job: it writes its output only when it is told to, or ends without it."""
    with making([output], stamp):
        started.set()
        go.wait()
        if fails:
            raise SystemExit(1)
        output.write_text("theirs")


class OtherJob:
    def __init__(self, output: Path, stamp: str, *, fails: bool = False):
        started, self.go = SPAWN.Event(), SPAWN.Event()
        self.process = SPAWN.Process(target=make, args=(output, stamp, started, self.go), kwargs={"fails": fails})
        self.process.start()
        assert started.wait(60)


class ReleaseOnWarning(logging.Handler):
    """Lets the other job end as soon as this one says that it waits."""

    def __init__(self, go: Event):
        super().__init__()
        self.go, self.texts = go, []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
        self.go.set()


@pytest.fixture
def wait_for(monkeypatch: pytest.MonkeyPatch):
    """Wait for another job as ``making`` does, and tell what came of it."""

    def waiting(other: OtherJob, output: Path, stamp: str) -> tuple[bool, list[str]]:
        handler = ReleaseOnWarning(other.go)
        module.log.addHandler(handler)
        try:
            with making([output], stamp) as needed:
                other.process.join()
                return needed, handler.texts
        finally:
            module.log.removeHandler(handler)

    return waiting


def test_a_lone_job_makes_its_artifact_and_removes_checkpoint_and_lock(tmp_path: Path):
    output = tmp_path / "new/encoder.safetensors"
    with making([output], "a") as needed:
        assert needed
        (output.parent / "checkpoint.safetensors").touch()
        assert (output.parent / ".lock").read_text().startswith("process ")
        output.touch()
    assert {path.name for path in output.parent.iterdir()} == {"encoder.safetensors", ".made"}


def test_a_failure_leaves_the_checkpoint(tmp_path: Path):
    with pytest.raises(RuntimeError), making([tmp_path / "output"], "a"):
        (tmp_path / "checkpoint.safetensors").touch()
        raise RuntimeError
    assert (tmp_path / "checkpoint.safetensors").exists()
    with making([tmp_path / "output"], "a") as needed:
        assert needed


def test_the_second_job_waits_and_takes_what_the_first_has_made(tmp_path: Path, wait_for):
    output = tmp_path / "output"
    other = OtherJob(output, "a")
    needed, texts = wait_for(other, output, "a")
    assert not needed
    assert output.read_text() == "theirs"
    assert texts[0].startswith(f"another job is making this artifact, waiting for it: process {other.process.pid} on ")
    assert len(texts) == 1


def test_the_name_of_a_cluster_job_is_told(tmp_path: Path, wait_for, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as other_environment:
        other_environment.setenv("SLURM_JOB_ID", "4711")
        other = OtherJob(tmp_path / "output", "a")
    assert wait_for(other, tmp_path / "output", "a")[1][0].endswith(", SLURM job 4711")


def test_after_another_job_that_failed_it_is_made(tmp_path: Path, wait_for):
    assert wait_for(OtherJob(tmp_path / "output", "a", fails=True), tmp_path / "output", "a")[0]


def test_what_a_job_with_other_settings_has_made_is_made_again(tmp_path: Path, wait_for):
    assert wait_for(OtherJob(tmp_path / "output", "b"), tmp_path / "output", "a")[0]


def test_what_nobody_took_notice_of_is_not_made_again(tmp_path: Path):
    output = tmp_path / "output"
    with making([output], "a"):
        output.write_text("first")
    output.unlink()  # as Snakemake does before it runs a job again
    with making([output], "a") as needed:
        assert not needed
    assert output.read_text() == "first"
    forget(tmp_path.parent)  # as the Snakefile does when a run has come to its end
    output.unlink()
    with making([output], "a") as needed:
        assert needed
        output.write_text("second")
    with making([output], "b") as needed:
        assert needed
        output.write_text("third")
    assert output.read_text() == "third"


def test_all_outputs_must_have_been_kept(tmp_path: Path):
    outputs = [tmp_path / "output", tmp_path / "curves.csv"]
    with making(outputs[:1], "a"):
        outputs[0].touch()
    with making(outputs, "a") as needed:
        assert needed
        outputs[1].touch()


def test_without_links_it_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):
        with making([tmp_path / "output"], "a") as needed:
            assert needed
            (tmp_path / "output").touch()


def test_what_is_there_and_was_not_kept_is_made_again(tmp_path: Path):
    (tmp_path / "output").touch()
    with making([tmp_path / "output"], "a") as needed:
        assert needed


def test_files_that_cannot_be_locked_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    monkeypatch.setattr(module.log, "propagate", True)
    with making([tmp_path / "output"], "a") as needed:
        assert needed
    assert "files cannot be locked here (Operation not supported)" in caplog.text
