"""The last attempt at a job, from its log: whether it still runs, and what it said last."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass

from purereid.planned_jobs import Job

ENTRY = re.compile(r"^\d\d:\d\d:\d\d ", re.M)
STARTED = re.compile(r"started on (\S+), process (\d+)(?:, SLURM job (\d+))?$", re.M)
ERROR = re.compile(r"^Traceback \(most recent call last\):|^  (?:where|expected|do): ", re.M)  # see logs, errors
PROGRESS = re.compile(r"(step \d+/\d+) .*?(\S+ left)$")
TRACEBACK, MESSAGE = 3, 8  # lines shown of each at most


@dataclass(frozen=True)
class Attempt:
    """An attempt that runs, or that ended without a result.

    Attributes:
        host: name of the machine; None in logs that do not say it.
        process: number of the process there.
        slurm: number of the SLURM job, or None.
        seconds: since the log was last written.
        said: last entry of the log, without its time.
    """

    host: str | None
    process: int
    slurm: str | None
    seconds: float
    said: str

    @property
    def failed(self) -> bool:
        """Whether it ended with an error; one that was killed ends without a word."""
        return ERROR.search(self.said) is not None

    @property
    def message(self) -> list[str]:
        """Lines of the error."""
        lines = self.said.splitlines()
        return [lines[0], *lines[-TRACEBACK:]] if "\nTraceback" in self.said else lines[:MESSAGE]

    @property
    def progress(self) -> str:
        """How far it has come."""
        line = self.said.partition("\n")[0]
        step = PROGRESS.match(line)
        return ", ".join(step.groups()) if step else line


def last_attempt(job: Job) -> Attempt | None:
    """Read a job's log; None if there was no attempt, or if the last one ended well."""
    try:
        written = job.log.stat().st_mtime
        entries = ENTRY.split(job.log.read_text(encoding="utf-8", errors="replace"))[1:]
    except FileNotFoundError:
        return None
    ended = job.benchmark.stat().st_mtime if job.benchmark.exists() else 0
    if not entries or ended >= written:
        return None
    host, process, slurm = started.groups() if (started := STARTED.match(entries[0])) else (None, 0, None)
    return Attempt(host, int(process), slurm, max(0.0, time.time() - written), entries[-1].strip())


def runs(attempt: Attempt, queued: set[str] | None) -> bool | None:
    """Whether an attempt still runs; None if it runs elsewhere and nobody can be asked.

    Args:
        attempt: one that did not fail.
        queued: numbers of the SLURM jobs that run; None if SLURM cannot be asked.
    """
    if attempt.host is None:
        return False
    if attempt.host == socket.gethostname():
        return _process_exists(attempt.process)
    return None if attempt.slurm is None or queued is None else attempt.slurm in queued


def queue(numbers: Iterable[str]) -> set[str] | None:
    """Ask SLURM, once, which of some jobs are still in its queue; None if it cannot be asked."""
    numbers = sorted(set(numbers))
    if not numbers:
        return set()
    command = ["squeue", "--noheader", "--jobs", ",".join(numbers), "--format", "%A"]
    try:
        run = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    unknown = "Invalid job id" in run.stderr  # what it says of one job that ended some time ago
    return set(run.stdout.split()) if run.returncode == 0 or unknown else None


def _process_exists(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
