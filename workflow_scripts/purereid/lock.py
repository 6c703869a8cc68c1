"""One job at a time in an artifact's folder.

A job outlives a Snakemake that was killed, or whose terminal was closed, and the next run starts a second one for the
same artifact.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LOCK = ".lock"
PAUSE = 2.0  # seconds between two looks at a lock that another job holds
REMINDER = 600.0  # seconds between two warnings


@contextmanager
def locked(folder: Path, name: str, warn: object) -> Iterator[None]:
    """Wait until no other job is at work in a folder, and hold its lock.

    The system gives the lock back when a process ends, however it ends.

    Args:
        folder: of the artifact; it is made if it is missing.
        name: what other jobs that wait for this one call it.
        warn: called with a format and its arguments, as ``Logger.warning``: while it waits, and where the file system
            has no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with _acquired(path, warn) as file:
        file.truncate(0)
        file.write(name)
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _acquired(path: Path, warn: object) -> TextIO:
    """The locked file, as soon as no other job holds it."""
    reminded = None
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            if reminded is None or time.monotonic() - reminded > REMINDER:
                reminded = time.monotonic()
                warn("another job is making this artifact, waiting for it: %s", file.read() or "unknown")
            file.close()
            time.sleep(PAUSE)
            continue
        except OSError as error:
            warn("files cannot be locked here (%s): see to it that no two jobs make %s", error.strerror, path.parent)
            return file
        if _is_at(file, path):
            return file
        file.close()  # its holder has just removed it


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
