"""The text of the status."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from purereid.planned_jobs import Job, Reason
from purereid.status.report import judge, printable, report

NOW = 1_000_000.0
HERE = f"started on {socket.gethostname()}, process {os.getpid()}"
ELSEWHERE = "started on node7, process 1, SLURM job 7"
MISSING = Reason(missing=("a",))


@pytest.fixture(autouse=True)
def folder_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("purereid.status.attempts.time", SimpleNamespace(time=lambda: NOW))


def job(rule: str, reason: Reason | None = None, inputs: tuple[str, ...] = (), **wildcards: str) -> Job:
    name = "-".join([rule, *wildcards.values()])
    wildcards = {"dataset": "people"} | wildcards
    return Job(rule, "reid", wildcards, inputs, (f"{name}/a",), Path(f"{name}.log"), Path(f"{name}.tsv"), reason)


def write(job: Job, *entries: str, age: float = 0) -> Job:
    job.log.write_text("".join(f"12:00:00 {entry}\n" for entry in entries))
    os.utime(job.log, (NOW - age, NOW - age))
    return job


def test_report_of_everything():
    failed = write(job("embed", MISSING), HERE, "no such file\n  where:    x.bin\n  do:       name it")
    killed = write(job("train", MISSING, experiment="a"), ELSEWHERE, "epoch 1 done", age=3600)
    resumed = write(job("train", MISSING, experiment="b"), ELSEWHERE, age=3600)
    resumed.folder.mkdir()
    (resumed.folder / "checkpoint.safetensors").touch()
    running = write(job("train", MISSING, experiment="c"), HERE, "step 4/9 epoch 1 | loss 1 | 0:01:00 left", age=60)
    lost = job("plot", MISSING, generator="g")
    lost.benchmark.touch()
    jobs = [
        *(job("score", MISSING, ("train-a/a", "embed/a"), experiment=name) for name in "xy"),
        *(failed, killed, resumed, running, lost),
        *(job("draw", MISSING, experiment=name) for name in "ab"),
        job("index"),
        job("index", generator="g"),
    ]
    lines = report(judge(jobs, queue=lambda numbers: set()))
    assert "\n".join(lines) == (
        "                         jobs     done   failed   killed  running    stale    ready  waiting\n"
        "people                      2        1        1\n"
        "people, experiment a        2                          1                          1\n"
        "people, experiment b        2                          1                          1\n"
        "people, experiment c        1                                   1\n"
        "people, experiment x        1                                                              1\n"
        "people, experiment y        1                                                              1\n"
        "people, generator g         2        1                                   1\n"
        "\n"
        "failed   embed people    0:00:00 ago, embed.log\n"
        "           no such file\n"
        "             where:    x.bin\n"
        "             do:       name it\n"
        "killed   train people a  epoch 1 done, 1:00:00 ago; starts anew, train-a.log\n"
        "killed   train people b  started on node7, process 1, SLURM job 7, 1:00:00 ago; "
        "goes on from its checkpoint, train-b.log\n"
        f"running  train people c  step 4/9, 0:01:00 left, 0:01:00 ago on {socket.gethostname()}, train-c.log\n"
        "stale    plot people g   missing output: a\n"
        "ready    draw            2 jobs\n"
        "waiting  score           2 jobs, after embed, train\n"
        "\n"
        "2 of 11 jobs done; 1 failed, 2 killed, 1 running, 1 stale, 2 ready, 2 waiting"
    )


def test_slurm_is_asked_for_jobs_that_may_run():
    asked = []
    write(broken := job("train", MISSING, experiment="a"), ELSEWHERE, "wrong\n  where:    x")
    write(working := job("train", MISSING, experiment="b"), "started on node8, process 1, SLURM job 8")
    verdicts = judge([broken, working], queue=lambda numbers: asked.extend(numbers) or {"8"})
    assert asked == ["8"]
    assert [verdict.state for verdict in verdicts] == ["failed", "running"]


def test_machine_that_cannot_be_asked():
    working = write(job("train", MISSING), ELSEWHERE)
    (verdict,) = judge([working], queue=lambda numbers: None)
    assert verdict.state == "running"
    assert "on node7, SLURM job 7 (which cannot be asked from here), train.log" in verdict.lines[0]


def test_log_of_the_former_attempt_says_nothing_about_a_done_job():
    assert judge([write(job("train"), ELSEWHERE)], queue=lambda numbers: set())[0].state == "done"


def test_long_lines_are_cut_and_control_characters_left_out():
    working = write(job("train", MISSING), HERE, "so " * 200)
    assert len(judge([working], queue=lambda numbers: set())[0].lines[0]) < 200
    assert printable("a\x1b[31mb\tc\u202ed\x9b±") == "a [31mb c d ±"
