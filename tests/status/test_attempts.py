"""Attempts at jobs, read from logs."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from purereid.errors import UserError
from purereid.job import job as running_job
from purereid.logs import log
from purereid.planned_jobs import Job, Reason
from purereid.status.attempts import Attempt, last_attempt, queue, runs

HOST = socket.gethostname()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    outputs = (str(tmp_path / "out/a"),)
    return Job("demo", "reid", {}, (), outputs, tmp_path / "demo.log", tmp_path / "demo.tsv", Reason(missing=outputs))


def attempted(job: Job, text: str) -> Attempt:
    job.log.write_text(text)
    return last_attempt(job)


def run(job: Job, error: Exception | None) -> Attempt:
    """What a job that ends with an error leaves in its log."""
    files = {"output": list(job.outputs), "log": [str(job.log)], "input": []}
    snakemake = SimpleNamespace(rule="demo", wildcards={}, threads=1, params={}, **files)
    with pytest.raises(SystemExit), running_job(snakemake):
        log.info("working")
        raise error
    return last_attempt(job)


@pytest.mark.parametrize("label", ["where", "expected", "do"])
def test_users_error_is_the_message(job: Job, label: str):
    attempt = run(job, UserError("it is wrong", **{label: "so"}))
    assert attempt.failed and attempt.message == ["it is wrong", f"  {label + ':':<10}so"]


def test_bug_is_told_by_the_end_of_its_traceback(job: Job):
    attempt = run(job, ZeroDivisionError("oops"))
    assert attempt.failed and attempt.message[0].startswith("this is a bug of purereid")
    assert len(attempt.message) == 4 and attempt.message[-1] == "ZeroDivisionError: oops"


def test_ctrl_c_is_no_error(job: Job):
    attempt = run(job, KeyboardInterrupt())
    assert not attempt.failed and attempt.progress.startswith("interrupted")


def test_the_log_names_host_process_and_slurm_job(job: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    attempt = run(job, KeyboardInterrupt())
    assert (attempt.host, attempt.process, attempt.slurm) == (HOST, os.getpid(), None)
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    assert run(job, KeyboardInterrupt()).slurm == "4711"


def test_no_attempt_and_one_that_ended_well(job: Job):
    assert last_attempt(job) is None
    assert attempted(job, "") is None  # opened, but not yet written to
    job.log.write_text("12:00:00 started on a, process 1\n")
    job.benchmark.write_text("")
    os.utime(job.log, (100, 100))
    assert last_attempt(job) is None
    os.utime(job.benchmark, (50, 50))
    assert last_attempt(job).process == 1


def test_progress_of_a_training_and_of_others(job: Job):
    start = "12:00:00 started on a, process 1\n"
    step = "step 40/900 epoch 1.0 | loss 3.378 accuracy 0.25 | 86 images/s, 1% waiting, 0:01:02 left"
    assert attempted(job, f"{start}12:00:05 {step}\n").progress == "step 40/900, 0:01:02 left"
    assert attempted(job, f"{start}12:00:05 {step}\n12:00:06 81 of 90 images\n").progress == "81 of 90 images"
    assert attempted(job, f"{start}").progress == "started on a, process 1"


def test_attempt_on_this_machine_runs_as_long_as_its_process(job: Job):
    assert runs(attempted(job, f"12:00:00 started on {HOST}, process {os.getpid()}\n"), set()) is True
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert runs(attempted(job, f"12:00:00 started on {HOST}, process {ended.pid}\n"), set()) is False


@pytest.mark.parametrize(
    ("place", "queued", "expected"),
    [
        ("other-host, process 1, SLURM job 7", {"7"}, True),
        ("other-host, process 1, SLURM job 7", {"8"}, False),
        ("other-host, process 1, SLURM job 7", None, None),
        ("other-host, process 1", {"7"}, None),
    ],
)
def test_attempt_on_another_machine(job: Job, place: str, queued: set[str] | None, expected: bool | None):
    assert runs(attempted(job, f"12:00:00 started on {place}\n"), queued) is expected


def test_log_of_an_older_version_does_not_say_where_it_ran(job: Job):
    assert runs(attempted(job, "12:00:00 working\n"), set()) is False


def fake_squeue(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "squeue"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_slurm_is_asked_once_for_all_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fake_squeue(tmp_path, f'echo "$@" >> {tmp_path}/asked; echo 7', monkeypatch)
    assert queue(["9", "7", "9"]) == {"7"}
    assert (tmp_path / "asked").read_text() == "--noheader --jobs 7,9 --format %A\n"
    assert queue([]) == set() and len((tmp_path / "asked").read_text().splitlines()) == 1


def test_slurm_that_has_forgotten_the_job_and_slurm_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_squeue(tmp_path, "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1", monkeypatch)
    assert queue(["7"]) == set()
    fake_squeue(tmp_path, "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1", monkeypatch)
    assert queue(["7"]) is None
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert queue(["7"]) is None
