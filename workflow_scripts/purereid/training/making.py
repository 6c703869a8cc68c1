"""One training at a time makes an artifact, and what it made is not made again."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from purereid.logs import log
from purereid.training.loop import finish

LOCK = ".lock"
PAUSE = 2.0  # seconds between two looks at a lock that another job holds
REMINDER = 600.0  # seconds between two lines in the log


@contextmanager
def making(outputs: Sequence[str | Path], stamp: str) -> Iterator[bool]:
    """Hold the lock of an artifact's folder while the body makes the artifact, then remove its checkpoint.

    A cluster job outlives a Snakemake that was killed, and the next run submits a second job for the same artifact.
    That one waits here. If the first job ends well, there is nothing left to do; otherwise the second goes on from the
    checkpoint of the first. The system gives the lock back when a process ends, however it ends.

    Args:
        outputs: files that the body writes, all in one folder; the lock and the checkpoint lie beside them.
        stamp: digest of all that decides the result.

    Yields:
        whether the artifact is still to be made: False if another job has made it with the same stamp meanwhile.
    """
    path = Path(outputs[0]).parent / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    file, holder = _acquire(path)
    with file:
        made = holder.get("stamp") == stamp and all(Path(output).exists() for output in outputs)
        if made:
            log.info("the other job has made it: there is nothing left to do")
        file.truncate(0)
        file.write(json.dumps({"stamp": stamp, "job": _name_of_this_job()}))
        file.flush()
        yield not made
        if not made:
            finish(path)
        path.unlink(missing_ok=True)


def _acquire(path: Path) -> tuple[TextIO, dict]:
    """The locked file, and what the last other job that held it meanwhile had written into it."""
    holder, reminded = {}, None
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(file) or holder
            file.close()
            if reminded is None or time.monotonic() - reminded > REMINDER:
                reminded = time.monotonic()
                log.warning("another job is making this artifact, waiting for it: %s", holder.get("job", "unknown"))
            time.sleep(PAUSE)
            continue
        except OSError as error:
            log.warning("files cannot be locked here (%s): see to it that no two jobs make %s", error.strerror, path)
            return file, {}
        if _is_current(file, path):
            return file, holder
        file.close()  # its holder has just removed it


def _is_current(file: TextIO, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())


def _read(file: TextIO) -> dict:
    """What the holder has written; nothing if it has not come to it."""
    file.seek(0)
    try:
        return json.loads(file.read())
    except ValueError:
        return {}


def _name_of_this_job() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    return f"process {os.getpid()} on {socket.gethostname()}" + (f", SLURM job {job}" if job else "")
