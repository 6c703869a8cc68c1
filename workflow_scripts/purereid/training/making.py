"""One training at a time makes an artifact, and what it made is not made again.

Without a Snakemake that watches it (it was killed, or its terminal was closed), a job goes on to its end. The next run
knows nothing of that: it deletes the outputs and submits a second job. That one waits for the first, if it is still at
work, and takes what it has made (``made``).
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from purereid.logs import log
from purereid.training.made import keep, take

CHECKPOINT = "checkpoint.safetensors"
LOCK = ".lock"
PAUSE = 2.0  # seconds between two looks at a lock that another job holds
REMINDER = 600.0  # seconds between two lines in the log


@contextmanager
def making(outputs: Sequence[str | Path], stamp: str) -> Iterator[bool]:
    """Hold the lock of an artifact's folder while the body makes the artifact, then remove its checkpoint.

    Args:
        outputs: files that the body writes, all in one folder; lock and checkpoint lie beside them.
        stamp: digest of all that decides the result.

    Yields:
        whether the artifact is still to be made: False if another job made it with the same stamp, and no run of
        Snakemake has taken notice.
    """
    outputs = [Path(output) for output in outputs]
    folder = outputs[0].parent
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK):
        made = take(outputs, stamp)
        if made:
            log.info("another job has made it already: there is nothing left to do")
        yield not made
        if not made:
            keep(outputs, stamp)
            (folder / CHECKPOINT).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The system gives the lock back when a process ends, however it ends."""
    with _acquired(path) as file:
        file.truncate(0)
        file.write(_name_of_this_job())
        file.flush()
        yield
        path.unlink(missing_ok=True)


def _acquired(path: Path) -> TextIO:
    """The locked file, as soon as no other job holds it."""
    reminded = None
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            if reminded is None or time.monotonic() - reminded > REMINDER:
                reminded = time.monotonic()
                log.warning("another job is making this artifact, waiting for it: %s", file.read() or "unknown")
            file.close()
            time.sleep(PAUSE)
            continue
        except OSError as error:
            log.warning("files cannot be locked here (%s): see to it that no two jobs make %s", error.strerror, path)
            return file
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
        file.close()  # its holder has just removed it


def _name_of_this_job() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    return f"process {os.getpid()} on {socket.gethostname()}" + (f", SLURM job {job}" if job else "")
