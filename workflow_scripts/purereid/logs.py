"""The log that the package writes to."""

import logging
import sys
from pathlib import Path

log = logging.getLogger("purereid")


def open_log(path: Path, name: str) -> None:
    """Send ``log`` to a file and, errors apart, to the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # a job that a killed Snakemake left behind may still write its own
    file = logging.FileHandler(path, mode="w", encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setFormatter(logging.Formatter(f"{name} | %(message)s"))
    terminal.addFilter(lambda record: record.levelno < logging.ERROR)
    log.handlers[:] = [file, terminal]
    log.setLevel(logging.INFO)
    log.propagate = False
