"""The tiny workflow on a real SLURM of one node, and what may go wrong there: nothing is lost, nothing is half written.

``make test-slurm`` runs this; ``make test`` does not.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from workflow_project import Project, copy

pytestmark = pytest.mark.slurm

ROOT = Path(__file__).parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
MODEL = "people/train_reid/baseline/seed1"
ENCODER = f"results/{MODEL}/encoder.safetensors"
HASTE = "--slurm-init-seconds-before-status-checks 1 --latency-wait 5".split()
PATIENCE = 300  # seconds until something that must happen counts as not happening


class SlurmProject(Project):
    """The workflow as a user of a cluster runs it."""

    def command(self, *arguments: str) -> list[str]:
        local = super().command(*arguments)
        local[local.index("--cores") : local.index("--cores") + 2] = ["--profile", "slurm", *HASTE]
        return local

    @property
    def local(self) -> Project:
        """The same folder without the cluster."""
        return Project(self.folder)

    @property
    def checkpoint(self) -> Path:
        return self.folder / f"results/{MODEL}/checkpoint.safetensors"

    @property
    def log(self) -> str:
        """Log of the training, empty where there is none."""
        path = self.folder / f"logs/{MODEL}.log"
        return path.read_text() if path.exists() else ""

    def start(self, *arguments: str) -> subprocess.Popen:
        """Begin a run in a process group of its own; what it prints goes to run.log."""
        with (self.folder / "run.log").open("w") as file:
            command = self.command(*arguments)
            return subprocess.Popen(command, cwd=self.folder, stdout=file, stderr=file, start_new_session=True)

    def printed(self) -> str:
        return (self.folder / "run.log").read_text()

    def ends_well(self, run: subprocess.Popen) -> None:
        assert run.wait(PATIENCE) == 0, self.printed() + self.log

    def nothing_is_half_written(self) -> None:
        leftovers = [path for path in (self.folder / "results").rglob("*") if re.search(r"\.tmp|\.lock$", path.name)]
        assert leftovers == []


def why_not() -> str | None:
    """Why a cluster cannot be brought up here."""
    if os.geteuid() != 0:
        return "SLURM's daemon needs root"
    if not Path("/etc/debian_version").exists():
        return "the cluster is made of packages of Debian or Ubuntu"
    return None


def slurm(*command: str) -> str:
    """What a command of SLURM prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def jobs(*arguments: str) -> list[str]:
    """Numbers of the jobs in the queue."""
    return slurm("squeue", "--noheader", "--format", "%A", *arguments).split()


def until(what: str, holds: Callable[[], object], run: subprocess.Popen | None = None) -> None:
    """Wait until something holds; a run that ends before is a failure."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert run is None or run.poll() is None, f"the run ended before {what}"
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    subprocess.run([CLUSTER, "up"], check=True)
    yield
    subprocess.run([CLUSTER, "down"], check=True)


@pytest.fixture(scope="session")
def on_slurm(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> SlurmProject:
    """The tiny workflow, run to its end on the cluster, its trainings with a GPU (of which they make no use)."""
    project = SlurmProject(copy(ROOT, tmp_path_factory.mktemp("slurm")).folder)
    project.ends_well(project.start("--set-resources", "train_reid:gpu=1"))
    return project


@pytest.fixture(scope="session")
def long_training(on_slurm: SlurmProject, tmp_path_factory: pytest.TempPathFactory) -> tuple[SlurmProject, dict]:
    """A project whose model is to be trained again, for longer, and the bytes that come out without any fault."""
    folder = tmp_path_factory.mktemp("long") / "project"
    shutil.copytree(on_slurm.folder, folder, symlinks=True)
    project = SlurmProject(folder)
    project.override(train_reid={"epochs": 200})
    project.local.run(ENCODER)
    expected = project.digests(f"{MODEL}/*")
    shutil.rmtree(folder / f"results/{MODEL}")
    return project, expected


@pytest.fixture
def training(long_training: tuple[SlurmProject, dict], tmp_path: Path) -> Iterator[tuple[SlurmProject, dict]]:
    """A copy of it; whatever it leaves in the queue is cancelled."""
    source, expected = long_training
    shutil.copytree(source.folder, tmp_path / "project", symlinks=True)
    yield SlurmProject(tmp_path / "project"), expected
    subprocess.run(["scancel", "--user=root"], check=True)
    until("the queue is empty", lambda: not jobs())


# --- the workflow -----------------------------------------------------------------------------------------------------


def test_a_cluster_makes_the_same_bytes_as_one_machine(on_slurm: SlurmProject, finished: Project):
    assert on_slurm.digests() == finished.digests()
    on_slurm.nothing_is_half_written()


def test_all_jobs_but_the_small_ones_went_through_the_queue(on_slurm: SlurmProject):
    submitted = on_slurm.printed()
    text = (on_slurm.folder / "logs/people/train_reid/baseline/seed1.log").read_text()
    assert re.search(r"SLURM job \d+", text)
    for rule in ("rule_train_reid", "rule_train_gan", "group_dataset", "group_poses", "group_score"):
        assert f".snakemake/slurm_logs/{rule}" in submitted, rule
    for rule in ("plot_curves", "compare", "index_generated", "evaluate", "index_dataset"):
        assert f"slurm_logs/rule_{rule}/" not in submitted, rule


def test_the_report_is_that_of_a_local_run(on_slurm: SlurmProject, finished: Project):
    def shown(project: Project) -> set[str]:
        project.run("--report", "report.zip")
        with zipfile.ZipFile(project.folder / "report.zip") as archive:
            page = archive.read("report/report.html").decode()
            return {Path(name).name for name in archive.namelist()} | set(re.findall(r"[\w/]+\.(?:png|html|svg)", page))

    assert shown(on_slurm.local) == shown(finished)


def test_a_second_run_has_nothing_to_do(on_slurm: SlurmProject):
    assert "Nothing to be done" in on_slurm.run()


def test_several_gpus_are_asked_for_and_used(training: tuple[SlurmProject, dict]):
    """There is no GPU here, and so the training says that it misses them."""
    project, _ = training
    project.override(experiments={"baseline": {"gpus": 2}})
    text = project.run(ENCODER, "--retries", "0", fails=True)
    assert "2 GPU(s) asked for, 0 found" in text
    number = re.findall(r"SLURM jobid (\d+)", text)[-1]
    assert "gpu:2" in slurm("scontrol", "show", "job", number)


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_time_limit_in_the_middle_of_a_training(training: tuple[SlurmProject, dict], tmp_path: Path):
    project, _ = training
    seconds = json.loads((project.folder / "results/people/train_reid/untrained/seed1/provenance.json").read_text())
    assert seconds["seconds"] < 60
    curves = pd.read_csv(tmp_path / "project" / f"results/{MODEL}/../../baseline/seed2/curves.csv")
    speed = curves["images_per_second"].iloc[-1]
    project.override(train_reid={"epochs": int(90 * speed / 40)}, resources={"train_reid": {"runtime": 1}})
    reference = SlurmProject(tmp_path / "reference")
    shutil.copytree(project.folder, reference.folder, symlinks=True)
    uninterrupted = subprocess.Popen(
        reference.local.command(ENCODER),
        cwd=reference.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    run = project.start(ENCODER)
    project.ends_well(run)
    assert "TIMEOUT" in project.printed()
    assert "going on from step" in project.log
    assert uninterrupted.wait(PATIENCE) == 0
    assert project.digests(f"{MODEL}/*") == reference.digests(f"{MODEL}/*")


def test_out_of_memory_asks_for_more(training: tuple[SlurmProject, dict]):
    project, expected = training
    project.override(resources={"train_reid": {"mem_mb": 200}})
    run = project.start(ENCODER)
    project.ends_well(run)
    asked = [int(number) for number in re.findall(r"rule train_reid:(?:\n .*)*mem_mb=(\d+)", project.printed())]
    assert asked[0] == 200
    assert len(asked) > 1 and asked == [200 * attempt for attempt in range(1, len(asked) + 1)]
    assert project.digests(f"{MODEL}/*") == expected


def test_a_cancelled_job_is_submitted_again_and_goes_on(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start(ENCODER)
    until("a checkpoint", project.checkpoint.exists, run)
    (number,) = jobs()
    slurm("scancel", number)
    project.ends_well(run)
    assert "going on from step" in project.log
    assert project.digests(f"{MODEL}/*") == expected
    project.nothing_is_half_written()


def test_interrupt_cancels_the_jobs_and_the_next_run_goes_on(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start(ENCODER)
    until("a checkpoint", project.checkpoint.exists, run)
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE) != 0
    until("the queue is empty", lambda: not jobs())
    assert not (project.folder / ENCODER).exists()
    project.run(ENCODER)
    assert "going on from step" in project.log
    assert project.digests(f"{MODEL}/*") == expected


def test_after_a_kill_the_second_job_waits_for_the_first(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start(ENCODER)
    until("a checkpoint", project.checkpoint.exists, run)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    (first,) = jobs()
    assert "cannot be locked" in project.run(ENCODER, fails=True)
    project.run("--unlock")
    run = project.start(ENCODER)
    until("a second job", lambda: len(jobs()) == 2, run)
    project.ends_well(run)
    assert first not in jobs()
    assert re.search(f"waiting for it: process .*, SLURM job {first}", project.log)
    assert "the other job has made it" in project.log
    assert project.digests(f"{MODEL}/*") == expected
    project.nothing_is_half_written()


def test_a_restart_of_the_controller_is_survived(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start(ENCODER)
    until("a checkpoint", project.checkpoint.exists, run)
    subprocess.run([CLUSTER, "ctld"], check=True)
    project.ends_well(run)
    assert project.digests(f"{MODEL}/*") == expected


def test_a_drained_node_delays_a_job(training: tuple[SlurmProject, dict]):
    project, expected = training
    node = socket.gethostname().partition(".")[0]
    slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    run = project.start(ENCODER)
    until("a waiting job", lambda: jobs("--states", "PENDING"), run)
    time.sleep(5)  # several polls of Snakemake
    assert jobs("--states", "PENDING") and run.poll() is None
    slurm("scontrol", "update", f"nodename={node}", "state=resume")
    project.ends_well(run)
    assert project.digests(f"{MODEL}/*") == expected
