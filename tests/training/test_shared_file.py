"""A file without a name: all processes read it, and nothing is left of it."""

import functools
import mmap
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest
import torch

from purereid.errors import UserError
from purereid.training.distributed import launch, rank
from purereid.training.shared_file import shared_file


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def read(file: BinaryIO) -> bytes:
    return os.pread(file.fileno(), 100, 0)


def test_files_side_by_side_do_not_meet_and_have_no_name(temporary: Path):
    with shared_file(lambda file: file.write(b"one")) as first, shared_file(lambda file: file.write(b"two")) as second:
        assert (read(first), read(second)) == (b"one", b"two") and not list(temporary.iterdir())
        assert Path(f"/proc/self/fd/{first.fileno()}").readlink().parent == temporary


def test_what_is_mapped_can_be_read_when_the_file_is_closed(temporary: Path):
    with shared_file(lambda file: file.write(b"text")) as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    assert file.closed and mapped[:] == b"text"


def report(device: torch.device, *, folder: Path) -> None:
    """Each process tells what it reads, and whether it was asked to write."""
    asked = []
    with shared_file(lambda file: file.write(f"of {rank()}".encode()) and asked.append(1)) as file:
        (folder / str(rank())).write_text(f"{read(file).decode()}, {len(asked)}, {os.fstat(file.fileno()).st_ino}")


def test_the_first_process_writes_and_all_read_one_file(temporary: Path, tmp_path: Path):
    launch(functools.partial(report, folder=tmp_path), processes=2)
    first, second = ((tmp_path / name).read_text().split(", ") for name in "01")
    assert first[:2] == ["of 0", "1"] and second[:2] == ["of 0", "0"] and first[2] == second[2]
    assert not list(temporary.iterdir())


def fail(device: torch.device) -> None:
    def write(file: BinaryIO) -> None:
        raise UserError(f"found by rank {rank()}")

    with shared_file(write):
        pass


def test_what_writing_raises_ends_all_processes():
    with pytest.raises(UserError, match="found by rank 0"):
        launch(fail, processes=2)


def die(file: BinaryIO) -> None:
    """End in the middle of writing."""
    file.write(bytes(10**6))
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_while_it_writes_leaves_nothing(temporary: Path, root: Path):
    code = "import test_shared_file as t; t.shared_file(t.die).__enter__()"
    places = os.pathsep.join(map(str, (root / "workflow_scripts", Path(__file__).parent)))
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": places})
    assert run.returncode == -signal.SIGKILL and not list(temporary.iterdir())


def test_a_full_disk_is_told_with_its_folder(temporary: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", functools.partial(Path("/dev/full").open, "wb"))
    with pytest.raises(UserError, match=rf"no space is left for temporary files\n[\s\S]*{temporary}\n[\s\S]*TMPDIR"):
        shared_file(lambda file: file.write(b"text")).__enter__()


def test_other_failures_are_not_taken_for_a_full_disk():
    def write(file: BinaryIO) -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        shared_file(write).__enter__()
