"""A temporary file of all processes of a training, without a name."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from purereid.errors import UserError
from purereid.training.distributed import of_all, rank


@contextmanager
def shared_file(write: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Let the first process write a file that every process reads, or maps into its memory.

    The file lies in the folder for temporary files (``TMPDIR``, which Snakemake sets from the resource ``tmpdir``)
    under no name. Trainings side by side do not meet, and the system removes it when no process has it open or mapped
    any longer, however the processes end.

    Args:
        write: called in the first process, with the empty file; the other processes wait.

    Yields:
        the file, to be read.

    Raises:
        UserError: the disk is full.
    """
    with _written(write) if rank() == 0 else Path(of_all("")[0]).open("rb") as file:
        yield file
        of_all("read")  # before that the first must not close it


@contextmanager
def _written(write: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    try:
        with tempfile.TemporaryFile() as file:
            write(file)
            file.flush()
            of_all(f"/proc/{os.getpid()}/fd/{file.fileno()}")
            yield file
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise UserError(
            "no space is left for temporary files",
            where=tempfile.gettempdir(),
            expected="space for all training images, decoded: 25 MB for a thousand of 128 x 64 pixels",
            do="name another folder: TMPDIR=FOLDER, or on a cluster --default-resources tmpdir=FOLDER",
        ) from None
