"""One job at a time in an artifact's folder.

A job outlives a Snakemake that was killed, or whose terminal was closed, and the next run starts a second one for the
same artifact.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TextIO

from purereid.signals import later

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
    reminded = None
    with ExitStack() as held:
        while (file := _taken(path, held, warn)) is None:
            if reminded is None or time.monotonic() - reminded > REMINDER:
                with suppress(FileNotFoundError):  # it has just been given back
                    holder = path.read_text(encoding="utf-8") or "unknown"
                    warn("another job is making this artifact, waiting for it: %s", holder)
                    reminded = time.monotonic()
            time.sleep(PAUSE)
        file.truncate(0)
        file.write(name)
        file.flush()
        yield


def _taken(path: Path, held: ExitStack, warn: object) -> TextIO | None:
    """The locked file, which ``held`` closes and removes; None while another job holds it.

    Signals wait meanwhile: one between the making of the file and its noting in ``held`` would leave it there.
    """
    with later():
        while True:
            file = path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return None
            except OSError as error:
                what = "files cannot be locked here (%s): see to it that no two jobs make %s"
                warn(what, error.strerror, path.parent)
                break
            if _is_at(file, path):
                break
            file.close()  # its holder has just removed it
        held.enter_context(file)
        held.callback(path.unlink, missing_ok=True)
        return file


def _is_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
