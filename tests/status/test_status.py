"""The status of the tiny workflow."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow_project import Project, copy


def status(project: Project, *targets: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "purereid.status", *targets, "--configfile", "tests/config.yaml"]
    environment = os.environ | {"PYTHONPATH": "workflow_scripts"}
    run = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stderr if code else run.stdout


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of all files but Snakemake's own inventory and the bytecode of Python."""
    files = [path for path in folder.rglob("*") if not {"iocache", "__pycache__"} & set(path.parts)]
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in files if not path.is_dir()}


def lines(text: str, state: str) -> list[str]:
    return re.findall(rf"^{state} +(.*)$", text, re.M)


@pytest.mark.slow
def test_before_the_first_run(root: Path, tmp_path: Path):
    text = status(copy(root, tmp_path / "new"))
    assert [line.split()[0] for line in lines(text, "ready")] == ["render_people", "rule_graph"]
    assert re.search(r"^waiting +index_dataset +1 job, after render_people$", text, re.M)
    assert re.search(r"^0 of \d+ jobs done; 2 ready, \d+ waiting$", text, re.M)


@pytest.mark.slow
def test_wrong_config_and_unknown_target_are_one_message(root: Path, tmp_path: Path):
    project = copy(root, tmp_path / "new")
    assert "No rule to produce results/nothing" in status(project, "results/nothing", code=2)
    project.override(train_reid={"bot": {"epoch": 3}})
    text = status(project, code=2)
    assert text.startswith("unknown config key 'epoch'\n  where:    train_reid.bot")
    assert "did you mean epochs?" in text and "File" not in text


def test_finished_workflow_is_all_done_and_nothing_changes_although_it_is_locked(project: Project):
    index = "results/people/index_dataset/index.parquet"
    locks = project.folder / ".snakemake/locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text(f"{index}\n")
    before = snapshot(project.folder)
    text = status(project)
    done, jobs = re.search(r"^(\d+) of (\d+) jobs done$", text, re.M).groups()
    assert done == jobs and int(jobs) > 50
    assert snapshot(project.folder) == before
    assert "2 of 2 jobs done" in status(project, index)


def test_stale_artifacts_and_why(project: Project):
    project.override(purify={"threshold": 0.3}, contact_sheet={"identities": 3})
    project.edit("workflow_scripts/plot_gan_curves.py", "with job", "x = 1\n    with job")
    (project.folder / "results/people/plot_links/posegan/plot_links.png").unlink()
    with (project.folder / "results/people/train_reid/lsro/seed1/encoder/curves.csv").open("a") as curves:
        curves.write("\n")  # another time alone is not enough: Snakemake compares what is in small files
    text = status(project, "--picture", "dag.svg")
    stale = "\n".join(lines(text, "stale"))
    assert re.search(r"^purify people posegan \w+ +changed settings: \S*threshold 0.2 -> 0.3$", stale, re.M), stale
    assert re.search(r"^contact_sheet people +changed settings: identities 4 -> 3$", stale, re.M), stale
    assert re.search(r"^plot_gan_curves people dcgan generator +changed code$", stale, re.M), stale
    assert re.search(r"^plot_links people posegan +missing output: \S+plot_links.png$", stale, re.M), stale
    assert re.search(r"^plot_curves people lsro encoder +changed data: \S+curves.csv$", stale, re.M), stale
    assert len(stale.splitlines()) == 6, stale
    assert "drawn: dag.svg" in text and "<!-- stale 6 -->" in (project.folder / "dag.svg").read_text()


@pytest.mark.slow
def test_failed_job_and_its_message(project: Project):
    scores = project.folder / "results/people/evaluate/untrained/seed1/scores.json"
    scores.write_text("no JSON")
    project.run("results/people/plot_cmc/plot_cmc.png", fails=True)
    text = status(project)
    (failed,) = lines(text, "failed")
    assert re.match(r"plot_cmc people +\S+ ago, logs/people/plot_cmc.log", failed), failed
    assert "this input is damaged" in text
    assert "  where:    results/people/evaluate/untrained/seed1/scores.json" in text


@pytest.mark.slow
def test_running_training_and_the_same_one_killed(project: Project):
    project.override(train_reid={"alarm_after": 1_000_000, "bot": {"epochs": 100_000}})
    target = "results/people/train_reid/baseline/seed1/encoder/networks.safetensors"
    checkpoint = project.folder / "results/people/train_reid/baseline/seed1/encoder/checkpoint.safetensors"
    log = project.folder / "logs/people/train_reid/baseline/seed1/encoder.log"
    run = subprocess.Popen(
        project.command(target), cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not checkpoint.exists():
            assert run.poll() is None, "the training ended too early"
            time.sleep(0.05)
        (running,) = lines(status(project), "running")
        assert re.match(r"train_reid people baseline 1 encoder +step \d+/\d+, \S+ left, \S+ ago on ", running), running
    finally:
        os.kill(int(re.search(r"process (\d+)", log.read_text())[1]), signal.SIGKILL)
        run.wait()
    text = status(project)
    (killed,) = lines(text, "killed")
    assert re.match(r"train_reid people baseline 1 encoder +step .* goes on from its checkpoint, logs/", killed), killed
    assert not lines(text, "running")
