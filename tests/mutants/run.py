"""Run tests against a copy of the package, with a fault or without one."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from mutants.fault import Fault

PACKAGE = Path("workflow_scripts/purereid")
OUTCOMES = {0: "survived", 1: "caught"}  # by exit status of pytest; of any other the tests did not run


class Outcome(NamedTuple):
    """What tests said.

    Attributes:
        word: ``survived``: they pass; ``caught``: one fails; ``timed out``; ``broken``: they could not be run.
        seconds: that they took.
        text: what they printed.
    """

    word: str
    seconds: float
    text: str


def outcome(fault: Fault, project: Path, timeout: float) -> Outcome:
    """What the tests named for a fault say of a copy of the package with it.

    Args:
        fault: to be put into the copy; the project stays as it is.
        project: its folder, that of ``pyproject.toml``.
        timeout: seconds.

    Raises:
        ValueError: the fault does not apply.
    """
    with copied(project) as package:
        file = package / fault.file
        file.write_text(fault.put_into(file.read_text(encoding="utf-8")), encoding="utf-8")
        return run_tests(package, fault.tested_by, project, timeout)


@contextmanager
def copied(project: Path) -> Iterator[Path]:
    """A copy of the package in a temporary folder, without compiled code, which could be that of other text."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        package = Path(folder) / PACKAGE.name
        shutil.copytree(project / PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        yield package


def run_tests(package: Path, tests: Sequence[str], project: Path, timeout: float | None) -> Outcome:
    """What some tests of a project say of a copy of its package, up to the first that fails."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={shlex.quote(str(package.parent))}"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # the package is there
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(timeout=timeout)
        word = OUTCOMES.get(process.returncode, "broken")
    except subprocess.TimeoutExpired:
        text, word = "", "timed out"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # what the tests have started, too
            process.communicate()
    return Outcome(word, time.perf_counter() - began, text)
