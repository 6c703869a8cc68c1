"""Two workflows in one clone, on different data sets."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from purereid.planned_jobs import planned_jobs
from workflow_project import Project, copy

OTHER = {"dataset": "other", "datasets": {"people": None, "other": {"format": "rendered_people"}}}


@pytest.fixture
def clone(root: Path, tmp_path: Path) -> Project:
    """A clone with a second config, other.yaml, that overrides the tiny one."""
    clone = copy(root, tmp_path / "clone")
    (clone.folder / "other.yaml").write_text(yaml.safe_dump(OTHER))
    return clone


@pytest.mark.slow
def test_they_have_no_output_in_common(clone: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(clone.folder)
    first, second = (planned_jobs(configfile=["tests/config.yaml", *more]) for more in ([], ["other.yaml"]))
    assert len(first) == len(second) > 50
    made, others = ({path for job in jobs for path in job.outputs} for jobs in (first, second))
    assert made.isdisjoint(others) and made.isdisjoint(path for job in second for path in job.inputs)
    said, others = ({path for job in jobs for path in (job.log, job.benchmark)} for jobs in (first, second))
    assert said.isdisjoint(others)


@pytest.mark.slow
def test_they_do_not_lock_each_other_out(clone: Project):
    running = clone.start()
    try:
        while not any((clone.folder / ".snakemake").glob("locks/*.output.lock")):
            assert running.poll() is None, (clone.folder / "run.log").read_text()
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGSTOP)  # a run that ends removes the folder of the locks, those of others too
        assert "cannot be locked" in clone.run("--touch", fails=True)
        second = [*clone.command("--touch"), "other.yaml"]  # a second name after --configfile
        done = subprocess.run(second, cwd=clone.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
