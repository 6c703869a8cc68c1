"""A job's errors, log and provenance."""

import errno
import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from purereid.errors import UserError
from purereid.job import job
from purereid.logs import log


class Named(dict):
    """Stands for Snakemake's lists of named files."""

    def __iter__(self):
        return iter(self.values())

    def __getitem__(self, key):
        return list(self.values())[key] if isinstance(key, int) else super().__getitem__(key)


@pytest.fixture
def snakemake(tmp_path: Path) -> SimpleNamespace:
    source = tmp_path / "in.txt"
    source.write_text("data")
    return SimpleNamespace(
        rule="demo",
        wildcards=Named(seed="1"),
        params={"settings": {"a": 1}, "code": "c"},
        input=Named(source=str(source)),
        output=Named(result=str(tmp_path / "out/result.txt")),
        log=[str(tmp_path / "logs/demo.log")],
        threads=1,
    )


def run(snakemake: SimpleNamespace, error: Exception | None) -> None:
    Path(snakemake.output[0]).parent.mkdir(exist_ok=True)
    with job(snakemake):
        log.info("working")
        if error:
            raise error


def test_success_leaves_log_and_provenance(snakemake: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture):
    run(snakemake, None)
    assert "working" in (tmp_path / "logs/demo.log").read_text()
    assert "demo 1 | working" in capsys.readouterr().err
    record = json.loads((tmp_path / "out/provenance.json").read_text())
    assert record["settings"] == {"a": 1} and record["wildcards"] == {"seed": "1"}
    assert list(record["inputs"]) == [snakemake.input["source"]]


def test_user_error_is_one_message_without_traceback(
    snakemake: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture
):
    with pytest.raises(SystemExit) as stopped:
        run(snakemake, UserError("it is wrong", where="here", expected="right", do="mend it"))
    text = (tmp_path / "logs/demo.log").read_text()
    assert stopped.value.code == 1
    assert "it is wrong\n  where:    here\n  expected: right\n  do:       mend it" in text
    assert "Traceback" not in text + capsys.readouterr().err
    assert not (tmp_path / "out/provenance.json").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_full_disk_is_told_without_traceback(snakemake: SimpleNamespace, tmp_path: Path, error: Exception):
    with pytest.raises(SystemExit):
        run(snakemake, error)
    text = (tmp_path / "logs/demo.log").read_text()
    assert "no space left on the disk" in text and "free space and run again" in text and "Traceback" not in text


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
def test_what_the_system_refuses_is_told_without_traceback(snakemake: SimpleNamespace, tmp_path: Path, number: int):
    with pytest.raises(SystemExit):
        run(snakemake, OSError(number, os.strerror(number), "some/file"))
    text = (tmp_path / "logs/demo.log").read_text()
    assert os.strerror(number) in text and "some/file" in text and "do: " in text and "Traceback" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_has_no_traceback(
    snakemake: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture, number: int
):
    Path(snakemake.output[0]).parent.mkdir()
    with pytest.raises(SystemExit) as stopped, job(snakemake):
        os.kill(os.getpid(), number)
        time.sleep(600)  # is not slept through
    assert stopped.value.code == 130
    assert "interrupted" in (tmp_path / "logs/demo.log").read_text() and "Traceback" not in capsys.readouterr().err


def test_provenance_of_a_lost_artifact_goes_with_it(snakemake: SimpleNamespace, tmp_path: Path):
    run(snakemake, None)
    with pytest.raises(SystemExit):
        run(snakemake, UserError("it is wrong"))
    assert not (tmp_path / "out/provenance.json").exists()


def test_a_bug_keeps_its_traceback(snakemake: SimpleNamespace, tmp_path: Path):
    with pytest.raises(SystemExit) as stopped:
        run(snakemake, ZeroDivisionError("oops"))
    assert stopped.value.code == 2
    assert "Traceback" in (tmp_path / "logs/demo.log").read_text()


@pytest.mark.parametrize("ahead", [7200, 90])
def test_an_input_of_the_future_is_refused_before_the_work(snakemake: SimpleNamespace, tmp_path: Path, ahead: int):
    source, worked = tmp_path / "in.txt", []
    os.utime(source, (time.time() + ahead,) * 2)
    with pytest.raises(SystemExit), job(snakemake):
        worked.append(True)
    text = (tmp_path / "logs/demo.log").read_text()
    assert not worked and f"touch {source}" in text and "future" in text and "Traceback" not in text


def test_an_input_of_the_next_moment_is_waited_for(snakemake: SimpleNamespace, tmp_path: Path):
    os.utime(tmp_path / "in.txt", (time.time() + 0.3,) * 2)
    with job(snakemake):
        assert time.time() >= (tmp_path / "in.txt").stat().st_mtime


def next_job(snakemake: SimpleNamespace, tmp_path: Path) -> SimpleNamespace:
    """A job that reads what the other makes, once that has made it."""
    with job(snakemake):
        Path(snakemake.output[0]).write_text("made")
    follows = {"input": snakemake.output, "output": Named(next=str(tmp_path / "next/result.txt"))}
    return SimpleNamespace(**vars(snakemake) | follows)


@pytest.mark.parametrize("content", ["", "mad\0"])
def test_an_input_that_is_not_what_was_made_is_refused(snakemake: SimpleNamespace, tmp_path: Path, content: str):
    following = next_job(snakemake, tmp_path)
    with job(following):
        pass
    result = Path(snakemake.output[0])
    result.write_text(content)
    with pytest.raises(SystemExit), job(following):
        raise ZeroDivisionError
    text = (tmp_path / "logs/demo.log").read_text()
    assert str(result) in text and "damaged" in text and "do: " in text and "Traceback" not in text
    (result.parent / "provenance.json").unlink()  # as of one that was changed on purpose
    with job(following):
        pass


def test_inputs_made_with_another_version_of_a_library_are_told(snakemake: SimpleNamespace, tmp_path: Path):
    following = next_job(snakemake, tmp_path)
    path = tmp_path / "out/provenance.json"
    record = json.loads(path.read_text())
    with job(following):
        pass
    assert "versions" not in (tmp_path / "logs/demo.log").read_text()
    record["libraries"]["torch"] = "1.0"
    path.write_text(json.dumps(record))
    with job(following):
        pass
    assert "torch 1.0 and 2." in (tmp_path / "logs/demo.log").read_text()


def test_stamp_depends_on_settings_code_inputs_and_threads(snakemake: SimpleNamespace, tmp_path: Path):
    def stamp() -> str:
        with job(snakemake) as this:
            return this.stamp

    Path(snakemake.output[0]).parent.mkdir(exist_ok=True)
    stamps = [stamp(), stamp()]
    snakemake.params["settings"] = {"a": 2}
    stamps.append(stamp())
    snakemake.params["code"] = "d"
    stamps.append(stamp())
    (tmp_path / "in.txt").write_text("other data")
    stamps.append(stamp())
    snakemake.threads = 2
    stamps.append(stamp())
    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 5
