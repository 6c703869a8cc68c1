"""Two jobs are never at work in one folder at the same time."""

import multiprocessing
import signal
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from purereid import lock
from purereid.lock import locked

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PAUSE", 0.05)


def hold(folder: Path, started: Event, go: Event) -> None:
    """Another job: it works until it is told to end."""
    with locked(folder, "host, process 7", print):
        started.set()
        go.wait()
        (folder / "theirs").touch()


@pytest.fixture
def go(tmp_path: Path) -> Event:
    """Another job holds the folder; the event ends it."""
    started, go = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(tmp_path, started, go))
    process.start()
    assert started.wait(60)
    yield go
    process.kill()
    process.join()


def test_the_second_job_waits_and_says_for_whom(tmp_path: Path, go: Event):
    warnings = []

    def warn(text: str, *values: object) -> None:
        warnings.append(text % values)
        assert not (tmp_path / "theirs").exists()
        go.set()

    with locked(tmp_path, "this job", warn):
        assert (tmp_path / "theirs").exists()
    assert warnings == ["another job is making this artifact, waiting for it: host, process 7"]
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_long_wait_is_told_again(tmp_path: Path, go: Event, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock, "REMINDER", 0)
    warnings = []

    def warn(*text: str) -> None:
        warnings.append(text)
        if len(warnings) == 3:
            go.set()

    with locked(tmp_path, "this job", warn):
        assert len(warnings) >= 3


def test_the_lock_ends_with_an_error_and_with_the_process(tmp_path: Path):
    for _ in range(2):
        with pytest.raises(RuntimeError), locked(tmp_path / "new", "this job", pytest.fail):
            assert (tmp_path / "new/.lock").read_text() == "this job"
            raise RuntimeError
    started, never = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(tmp_path, started, never))
    process.start()
    assert started.wait(60)
    process.kill()
    process.join()
    with locked(tmp_path, "this job", pytest.fail):
        assert (tmp_path / ".lock").read_text() == "this job"


def test_files_that_cannot_be_locked_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    warnings = []
    with locked(tmp_path, "this job", lambda text, *values: warnings.append(text % values)):
        pass
    expected = f"files cannot be locked here (Operation not supported): see to it that no two jobs make {tmp_path}"
    assert warnings == [expected]


def test_a_signal_while_the_lock_is_taken_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    flock = lock.fcntl.flock

    def interrupted(*values: object) -> None:
        signal.raise_signal(signal.SIGINT)
        flock(*values)

    monkeypatch.setattr(lock.fcntl, "flock", interrupted)
    with pytest.raises(KeyboardInterrupt), locked(tmp_path, "this job", pytest.fail):
        pass
    assert list(tmp_path.iterdir()) == []
