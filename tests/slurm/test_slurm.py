"""The tiny workflow on a real SLURM of one node, and what may go wrong there: nothing is lost, nothing is half written.

``make test-slurm`` runs this; ``make test`` does not.
"""

import fcntl
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from workflow_project import Project, copy, made_once

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        not Path("/run/purereid-slurm/slurmctld.pid").exists(),
        reason="the SLURM of one node is not up; tests/slurm/cluster.sh up brings it up, or says why it cannot",
    ),
]

ROOT = Path(__file__).parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
MODEL = "people/train_reid/baseline/seed1/encoder"
ENCODER = f"results/{MODEL}/networks.safetensors"
HASTE = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"]
PATIENCE = 300  # starts of Snakemake until something that must happen counts as not happening
LONGEST = 3600.0  # seconds after which it does in any case
IDLE = 3.0  # seconds that one takes at most where nothing else runs


def start_up() -> float:
    """Seconds that Snakemake takes to start, on this machine as it is now."""
    began = time.monotonic()
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--configfile", "tests/config.yaml"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return max(IDLE, time.monotonic() - began)


first_start_up = functools.cache(start_up)


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

    def start_training(self) -> subprocess.Popen:
        """Begin a run that trains the model, and wait for its first checkpoint."""
        run = self.start(ENCODER)
        until("a checkpoint", self.checkpoint.exists, run)
        return run

    def printed(self) -> str:
        return (self.folder / "run.log").read_text()

    def jobs(self, *arguments: str) -> list[str]:
        """Numbers of its jobs in the queue."""
        lines = slurm("squeue", "--noheader", "--format", "%A %Z", *arguments).splitlines()
        return [number for number, folder in map(str.split, lines) if folder == str(self.folder)]

    def trainer(self) -> psutil.Process:
        """The process of its training."""
        (found,) = [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if process.info["cwd"] == str(self.folder)
            and any(word.endswith("train_reid.py") for word in (process.info["cmdline"] or [])[1:2])
        ]
        return found

    def take_time(self) -> None:
        """Give all jobs as much more time as this machine is slower than an idle one; no result depends on it."""
        resources = yaml.safe_load((self.folder / "config.yaml").read_text())["resources"]
        slower = first_start_up() / IDLE
        self.override(resources={rule: {"runtime": int(each["runtime"] * slower)} for rule, each in resources.items()})

    def ends(self, run: subprocess.Popen) -> int:
        """The status with which a run ends."""
        until("the end of the run", lambda: run.poll() is not None)
        return run.returncode

    def ends_well(self, run: subprocess.Popen) -> None:
        assert self.ends(run) == 0, self.printed() + self.log

    def nothing_is_half_written(self) -> None:
        names = [path.name for path in (self.folder / "results").rglob("*")]
        assert [name for name in names if re.search(r"\.part$|\.lock$|\.made$|^checkpoint", name)] == []


def slurm(*command: str) -> str:
    """What a command of SLURM prints; it is given again while another test restarts the controller."""
    for _ in range(100):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        time.sleep(1)
    raise AssertionError(done.stderr)


def until(what: str, holds: Callable[[], object], run: subprocess.Popen | None = None) -> None:
    """Wait until something holds; a run that ends before is a failure.

    Where the machine has become slower, as many starts of Snakemake take longer.
    """
    began, limit = time.monotonic(), min(LONGEST, PATIENCE * first_start_up())
    while not holds():
        assert run is None or run.poll() is None, f"the run ended before {what}"
        if time.monotonic() - began > limit:
            limit = min(LONGEST, PATIENCE * start_up())
            assert time.monotonic() - began < limit, f"in vain: {what}"
        time.sleep(0.1)


def kill(run: subprocess.Popen) -> None:
    """SIGKILL for Snakemake, of which its jobs know nothing."""
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()


@pytest.fixture(scope="session")
def on_slurm(tmp_path_factory: pytest.TempPathFactory) -> SlurmProject:
    """The tiny workflow, run to its end on the cluster, its trainings with a GPU (of which they make no use)."""

    def make(folder: Path) -> None:
        project = SlurmProject(copy(ROOT, folder).folder)
        project.take_time()
        project.ends_well(project.start("--set-resources", "train_reid:gpu=1"))

    return SlurmProject(made_once(tmp_path_factory, "on_slurm", make))


@pytest.fixture(scope="session")
def long_training(tmp_path_factory: pytest.TempPathFactory) -> SlurmProject:
    """A project whose model was trained for longer, without any fault."""

    def make(folder: Path) -> None:
        project = SlurmProject(copy(ROOT, folder).folder)
        project.take_time()
        project.override(train_reid={"bot": {"epochs": 200}})
        project.local.run(ENCODER)

    return SlurmProject(made_once(tmp_path_factory, "long_training", make))


@pytest.fixture
def training(
    long_training: SlurmProject, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[SlurmProject, dict]]:
    """A copy of it without the model, and the bytes that must come out; its jobs are cancelled at the end."""
    shutil.copytree(long_training.folder, tmp_path / "project", symlinks=True)
    project = SlurmProject(tmp_path / "project")
    expected = project.digests(f"{MODEL}/*")
    shutil.rmtree(project.folder / f"results/{MODEL}")
    (project.folder / f"logs/{MODEL}.log").unlink()
    with long_training.folder.with_name("cluster.lock").open("w") as lock:
        alone = request.node.get_closest_marker("alone")
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield project, expected
        for number in project.jobs():
            slurm("scancel", number)


# --- the workflow -----------------------------------------------------------------------------------------------------


def test_a_cluster_makes_the_same_bytes_as_one_machine(on_slurm: SlurmProject, finished: Project):
    assert on_slurm.digests() == finished.digests()
    on_slurm.nothing_is_half_written()


def test_all_jobs_but_the_small_ones_went_through_the_queue(on_slurm: SlurmProject):
    submitted = on_slurm.printed()
    text = (on_slurm.folder / "logs/people/train_reid/baseline/seed1/encoder.log").read_text()
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


def test_several_gpus_are_asked_for_on_one_node(training: tuple[SlurmProject, dict]):
    project, _ = training
    project.override(experiments={"baseline": {"gpus": 2}})
    run = project.start(ENCODER)
    until("a job", project.jobs, run)
    asked = slurm("scontrol", "show", "job", project.jobs()[0])
    assert re.search(r"TresPer\w+=\S*gpu:2", asked) and re.search(r"NumNodes=1\b(?!-[2-9])", asked), asked
    run.send_signal(signal.SIGINT)
    assert project.ends(run) != 0


# --- faults -----------------------------------------------------------------------------------------------------------


def test_a_time_limit_in_the_middle_of_a_training(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    project.trainer().suspend()
    (first,) = project.jobs()
    slurm("scontrol", "update", f"jobid={first}", "timelimit=1")  # now, as its start may have taken more than that
    until("the end of its time", lambda: project.jobs() != [first], run)
    assert "JobState=TIMEOUT" in slurm("scontrol", "show", "job", first)
    project.ends_well(run)
    assert "going on from step" in project.log
    assert project.digests(f"{MODEL}/*") == expected


def test_out_of_memory_asks_for_more(training: tuple[SlurmProject, dict]):
    project, expected = training
    project.override(resources={"train_reid": {"mem_mb": 350}})
    run = project.start(ENCODER)
    project.ends_well(run)
    asked = [int(number) for number in re.findall(r"rule train_reid:(?:\n .*)*mem_mb=(\d+)", project.printed())]
    assert asked[0] == 350
    assert len(asked) > 1 and asked == [350 * attempt for attempt in range(1, len(asked) + 1)]
    assert project.digests(f"{MODEL}/*") == expected


def test_a_cancelled_job_is_submitted_again_and_goes_on(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    (number,) = project.jobs()
    slurm("scancel", number)
    project.ends_well(run)
    assert "going on from step" in project.log
    assert project.digests(f"{MODEL}/*") == expected
    project.nothing_is_half_written()


def test_interrupt_cancels_the_jobs_and_the_next_run_goes_on(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    run.send_signal(signal.SIGINT)
    assert project.ends(run) != 0
    until("the queue is empty", lambda: not project.jobs())
    assert not (project.folder / ENCODER).exists()
    project.run(ENCODER)
    assert "going on from step" in project.log
    assert project.digests(f"{MODEL}/*") == expected


def test_after_a_kill_the_second_job_waits_for_the_first(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    kill(run)
    (first,) = project.jobs()
    trainer = project.trainer()
    trainer.suspend()
    assert "cannot be locked" in project.run(ENCODER, fails=True)
    project.run("--unlock")
    run = project.start(ENCODER)
    until("a second job that waits", lambda: "waiting for it" in project.log, run)
    assert re.search(f"waiting for it: .*, process {trainer.pid}, SLURM job {first}", project.log)
    trainer.resume()
    project.ends_well(run)
    assert "another job has made it already" in project.log
    assert project.digests(f"{MODEL}/*") == expected
    project.nothing_is_half_written()


def test_what_a_job_made_after_a_kill_stays(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    kill(run)
    until("the end of its job", lambda: not project.jobs())
    project.run("--unlock")
    assert "Nothing to be done" in project.run(ENCODER)
    assert project.digests(f"{MODEL}/*") == expected


@pytest.mark.alone
def test_a_restart_of_the_controller_is_survived(training: tuple[SlurmProject, dict]):
    project, expected = training
    run = project.start_training()
    subprocess.run([CLUSTER, "ctld"], check=True)
    project.ends_well(run)
    assert project.digests(f"{MODEL}/*") == expected


@pytest.mark.alone
def test_a_drained_node_delays_a_job(training: tuple[SlurmProject, dict]):
    project, expected = training
    node = socket.gethostname().partition(".")[0]
    slurm("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    try:
        run = project.start(ENCODER)
        until("a waiting job", lambda: project.jobs("--states", "PENDING"), run)
        time.sleep(15)  # Snakemake looks at the queue, and must not take the job for lost
        assert project.jobs("--states", "PENDING") and run.poll() is None
    finally:
        slurm("scontrol", "update", f"nodename={node}", "state=resume")
    project.ends_well(run)
    assert project.digests(f"{MODEL}/*") == expected
