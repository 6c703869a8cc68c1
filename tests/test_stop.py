"""A run that is asked to end: by Ctrl-C, which all its processes get, or by a signal to Snakemake alone."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workflow_project import Project, copy, made_once

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
JOB = "people/train_reid/baseline/seed1/encoder"
TRAINED = f"results/{JOB}/networks.safetensors"
PATIENCE = 1800  # seconds until something that must happen counts as not happening
WAYS = {
    "ctrl_c": lambda run: os.killpg(run.pid, signal.SIGINT),
    "sigint_to_snakemake": lambda run: run.send_signal(signal.SIGINT),
    "sigterm_to_snakemake": lambda run: run.send_signal(signal.SIGTERM),
}


def until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.01)


def suspended(project: Project, run: subprocess.Popen, job: str, says: str) -> psutil.Process:
    """The process of a job, stopped where it is once its log says something."""
    log = project.folder / f"logs/{job}.log"

    def said() -> bool:
        assert run.poll() is None, f"the run ended before {says}"
        return log.exists() and says in log.read_text()

    until(says, said)
    process = psutil.Process(int(re.search(r"process (\d+)", log.read_text())[1]))
    process.suspend()
    until("the job stands still", lambda: stands_still(process))
    return process


def stands_still(process: psutil.Process) -> bool:
    """Whether all threads are stopped; one that is not yet could take a signal that ``told`` looks for."""
    try:
        states = [(task / "status").read_text() for task in Path(f"/proc/{process.pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):  # a thread has just ended
        return False
    return all(re.search(r"^State:\s*T", state, re.M) for state in states)


def told(process: psutil.Process) -> bool:
    """Whether SIGTERM waits for a process to go on."""
    pending = re.search(r"^ShdPnd:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text(), re.M)[1]
    return bool(int(pending, 16) & 1 << signal.SIGTERM - 1)


def ends(project: Project, run: subprocess.Popen, processes: list[psutil.Process]) -> str:
    """Wait for the end of a run and of all its processes; what it printed."""
    assert run.wait(PATIENCE) == 1
    assert psutil.wait_procs(processes, PATIENCE)[1] == []
    return (project.folder / "run.log").read_text()


def nothing_is_half_written(project: Project) -> None:
    names = [path.name for path in (project.folder / "results").rglob("*")]
    assert [name for name in names if name.endswith((".part", ".lock", ".made"))] == []


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A training, run to its end."""

    def make(folder: Path) -> None:
        project = copy(ROOT, folder)
        project.override(train_reid={"bot": {"epochs": 60}})
        project.run(TRAINED)

    return Project(made_once(tmp_path_factory, "trained", make))


@pytest.fixture
def training(trained: Project, tmp_path: Path) -> Project:
    """The same before the training."""
    shutil.copytree(trained.folder, tmp_path / "project", symlinks=True)
    shutil.rmtree(tmp_path / f"project/results/{JOB}")
    (tmp_path / f"project/logs/{JOB}.log").unlink()
    return Project(tmp_path / "project")


@pytest.mark.parametrize("way", WAYS)
def test_a_training_saves_its_state_and_ends_and_the_next_run_goes_on(training: Project, trained: Project, way: str):
    run = training.start(TRAINED)
    trainer = suspended(training, run, JOB, "epoch 1.0")
    processes = psutil.Process(run.pid).children(recursive=True)
    WAYS[way](run)
    until("SIGTERM to the training", lambda: told(trainer))
    trainer.resume()
    printed = ends(training, run, processes)
    log = (training.folder / f"logs/{JOB}.log").read_text()
    assert "Traceback" not in printed and "Not scored" not in printed and log.count("the next run goes on") == 1
    step = re.search(r"stopped at step (\d+); the next run goes on from there$", log, re.M)[1]
    assert (training.folder / TRAINED).with_name("checkpoint.safetensors").exists()
    nothing_is_half_written(training)
    training.run(TRAINED)
    assert f"going on from step {step} of 240" in (training.folder / f"logs/{JOB}.log").read_text()
    assert training.digests(f"{JOB}/*") == trained.digests(f"{JOB}/*") != {}


def test_a_second_ctrl_c_ends_a_training_that_does_not_end(training: Project):
    run = training.start(TRAINED)
    trainer = suspended(training, run, JOB, "epoch 1.0")
    processes = psutil.Process(run.pid).children(recursive=True)
    WAYS["ctrl_c"](run)
    until("SIGTERM to the training", lambda: told(trainer))
    WAYS["ctrl_c"](run)
    assert "Traceback" not in ends(training, run, processes)


def test_other_jobs_end_and_are_made_again(trained: Project, tmp_path: Path):
    project = copy(ROOT, tmp_path / "project")
    run = project.start("results/people/index_dataset/index.parquet")
    script = suspended(project, run, "people/render_people", "started on")
    processes = psutil.Process(run.pid).children(recursive=True)
    WAYS["sigterm_to_snakemake"](run)
    until("SIGTERM to the job", lambda: told(script))
    script.resume()
    assert "Traceback" not in ends(project, run, processes)
    nothing_is_half_written(project)
    project.run("results/people/index_dataset/index.parquet")
    assert project.digests("people/index_dataset/*") == trained.digests("people/index_dataset/*") != {}
