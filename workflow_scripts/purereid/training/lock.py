"""One job at a time in an artifact's folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from purereid.errors import UserError
from purereid.logs import log


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock; the system gives it back when the process ends, however it ends.

    A cluster job outlives a Snakemake that was killed, and the next run submits a second job for the same artifact.

    Raises:
        UserError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "another job is making this artifact",
                where=folder,
                do="wait until it ends, or cancel it (squeue shows jobs that a killed Snakemake left behind)",
            ) from None
        except OSError as error:
            log.warning("files cannot be locked here (%s): see to it that no two jobs make %s", error.strerror, folder)
        yield
        path.unlink(missing_ok=True)
