"""Times of files, which Snakemake compares."""

import datetime
import os
import time
from contextlib import suppress
from pathlib import Path

from purereid.errors import UserError

WAIT = 60.0  # seconds by which a file server's clock may be ahead
OF_FOLDER = ".snakemake_timestamp"  # Snakemake's file in a folder that a job makes; its time is that of the folder


def modified(path: Path) -> float:
    """When a file or folder was changed, to Snakemake."""
    stamp = path / OF_FOLDER
    return stamp.lstat().st_mtime if stamp.exists() else max(path.lstat().st_mtime, path.stat().st_mtime)


def set_modified(path: Path, when: float | None = None) -> None:
    """Say that a file or folder was changed now, or at another time; nothing where that is not allowed."""
    stamp = path / OF_FOLDER if path.is_dir() else path
    with suppress(OSError):
        stamp.touch()
        if when is not None:
            os.utime(stamp, (when, when))


def wait_until_past(path: Path) -> None:
    """Wait until an input's time has come, where that is soon.

    Snakemake throws away what is older than its input, however long it took.

    Raises:
        UserError: it is more than a minute ahead.
    """
    when = modified(path)
    ahead = when - time.time()
    if ahead > WAIT:
        raise UserError(
            f"this input is dated in the future: {datetime.datetime.fromtimestamp(when):%Y-%m-%d %H:%M:%S}",
            where=path,
            expected="a time in the past, since Snakemake throws away what is older than what it was made from",
            do=f"look at this machine's clock (date) and that of the machine which wrote it; then: touch {path}",
        )
    time.sleep(max(0.0, ahead))
