"""A temporary file of all processes of a training, without a name."""

import errno
import os
import tempfile
from collections.abc import Callable
from typing import BinaryIO

from purereid.errors import UserError
from purereid.training.distributed import of_all, rank


def shared_file(write: Callable[[BinaryIO], None]) -> BinaryIO:
    """Let the first process write a file that every process reads.

    The file lies in the folder for temporary files (``TMPDIR``, which Snakemake sets from the resource ``tmpdir``) under
    no name: trainings side by side do not meet, and when its processes end, however they end, the system removes it.

    Args:
        write: called in the first process, with the empty file; the other processes wait.

    Returns:
        the file, to be read.

    Raises:
        UserError: the disk is full, or what ``write`` raises.
    """
    if rank() == 0:
        file = _written(write)
    place = of_all(f"/proc/{os.getpid()}/fd/{file.fileno()}" if rank() == 0 else "")[0]
    if rank():
        file = open(place, "rb")
    of_all("opened")  # before that the first must not close it
    return file


def _written(write: Callable[[BinaryIO], None]) -> BinaryIO:
    file = tempfile.TemporaryFile()
    try:
        write(file)
        file.flush()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise UserError(
            "no space is left for temporary files",
            where=tempfile.gettempdir(),
            expected="space for all training images, decoded: 25 MB for a thousand of 128 x 64 pixels",
            do="name another folder: TMPDIR=FOLDER, or on a cluster --default-resources tmpdir=FOLDER",
        ) from None
    return file
