"""What Snakemake says of the jobs behind a target, in a small workflow of two rule files."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from purereid.errors import UserError
from purereid.planned_jobs import Job, Reason, planned_jobs

SNAKEFILE = """
configfile: "config.yaml"
include: "rules/late.smk"
include: "rules/early.smk"
rule all:
    input: "c-1", "c-2"
"""
EARLY = """
rule first:
    input: config["source"]
    output: "a", "b"
    log: "first.log"
    benchmark: "first.tsv"
    params: settings={"k": config["k"]}
    shell: "touch {output}; sleep {config[sleep]}"
"""
LATE = """
rule second:
    input: "a"
    output: "c-{number}"
    log: "second-{number}.log"
    benchmark: "second-{number}.tsv"
    shell: "touch {output}"
"""


@pytest.fixture(autouse=True)
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    files = {"Snakefile": SNAKEFILE, "rules/early.smk": EARLY, "rules/late.smk": LATE, "source": "x", "other": "x"}
    for name, text in files.items():
        Path(name).write_text(text)
    configure()


def configure(source: str = "source", k: int = 1, sleep: int = 0) -> None:
    Path("config.yaml").write_text(f"source: {source}\nk: {k}\nsleep: {sleep}\n")


def run() -> None:
    done = subprocess.run([sys.executable, "-m", "snakemake", "--cores", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def reasons(*targets: str) -> list[Reason | None]:
    return [job.reason for job in planned_jobs(targets)]


def test_jobs_before_the_first_run():
    c1, c2, first = planned_jobs()
    assert c1 == Job(
        rule="second",
        stage="late",
        wildcards={"number": "1"},
        inputs=("a",),
        outputs=("c-1",),
        log=Path("second-1.log"),
        benchmark=Path("second-1.tsv"),
        reason=Reason(missing=("c-1",)),
    )
    assert c1.name == "second 1" and c2.name == "second 2" and first.name == "first"
    assert first.stage == "early" and first.outputs == ("a", "b") and first.reason == Reason(missing=("a",))
    assert [job.rule for job in planned_jobs(["first"])] == ["first"]


def test_done_jobs_are_listed_and_have_no_reason():
    run()
    assert reasons() == [None, None, None]


def test_changes_and_what_follows_from_them():
    run()
    configure(k=2)
    assert reasons()[2] == Reason(before=frozenset({"{'k': 1}"}), now=frozenset({"{'k': 2}"}))
    assert reasons()[:2] == [Reason(), Reason()]  # only as the first is to be run
    assert reasons("a") == reasons()[2:]
    configure(source="other")
    assert reasons("a") == [Reason(inputs=True)]
    configure()
    time.sleep(1.1)
    Path("source").write_text("y")
    assert reasons("a") == [Reason(updated=("source",))]
    Path("b").unlink()
    assert reasons("b") == [Reason(missing=("b",))]


def test_outputs_of_a_killed_workflow_are_incomplete():
    configure(sleep=100)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "a"]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while not Path("b").exists():
        assert killed.poll() is None
        time.sleep(0.05)
    os.killpg(killed.pid, 9)
    killed.wait()
    (job,) = planned_jobs(["a"])  # although the folder is still locked
    assert job.reason.incomplete


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"targets": ["nothing"]}, "No rule to produce nothing"),
        ({"configfile": ["mine.yaml"]}, r"config file does not exist\n  where:    mine\.yaml"),
        ({"configfile": ["source"]}, "holds one value, and no settings"),
        ({"profile": "nothing"}, "nothing.*no profile.yaml"),
        ({"snakefile": "nothing"}, "nothing.*not found"),
    ],
)
def test_what_cannot_be_asked_is_one_message(asked: dict, message: str):
    with pytest.raises(UserError, match=f"^(?!Error).*{message}"):
        planned_jobs(**asked)


def test_a_message_of_the_workflow_is_all_that_is_said():
    with Path("Snakefile").open("a") as file:
        file.write('from snakemake.exceptions import WorkflowError\nraise WorkflowError("wrong\\n  where: there")\n')
    with pytest.raises(UserError) as error:
        planned_jobs()
    assert str(error.value) == "wrong\n  where: there"


def test_missing_inputs_are_told():
    Path("source").unlink()
    with pytest.raises(UserError, match=r"Missing input files for rule first(.|\n)*source"):
        planned_jobs()


def test_config_files_and_another_folder_of_the_workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Path("mine.yaml").write_text("source: other\n")
    assert planned_jobs(["a"], configfile=["mine.yaml"])[0].inputs == ("other",)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("config.yaml", "source"):
        Path(name).write_bytes((tmp_path / name).read_bytes())
    assert len(planned_jobs(snakefile=tmp_path / "Snakefile")) == 3
