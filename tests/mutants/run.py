"""Run tests against a copy of the package, with a fault or without one."""

import multiprocessing
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mutants.fault import Fault

PACKAGE = Path("workflow_scripts/purereid")
PYTEST = 100  # added to its exit status, since a process that fails before it ends with 1 too
OUTCOMES = {PYTEST: "survived", PYTEST + 1: "caught"}  # by exit status; with any other the tests did not run
SERVER = multiprocessing.get_context("forkserver")  # each run of tests begins as a copy of one process, see ``preload``
LIBRARIES = ("pytest", "torch", "pandas", "pyarrow.parquet", "scipy.sparse", "cv2", "jsonschema")


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


def preload() -> None:
    """Let all runs of tests share what libraries import, which takes longer than most of these tests."""
    SERVER.set_forkserver_preload(list(LIBRARIES))


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
    """A copy of the package in a temporary folder, without machine code, which could hold functions of other files."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        package = Path(folder) / PACKAGE.name
        shutil.copytree(project / PACKAGE, package, ignore=shutil.ignore_patterns("*.nbi", "*.nbc"))
        yield package


def run_tests(package: Path, tests: Sequence[str], project: Path, timeout: float | None) -> Outcome:
    """What some tests of a project say of a copy of its package, up to the first that fails."""
    printed, began = package.with_name("printed.txt"), time.perf_counter()
    printed.touch()
    process = SERVER.Process(target=_pytest, args=(package, list(tests), project, printed))
    process.start()
    try:
        process.join(timeout)
        word = "timed out" if process.is_alive() else OUTCOMES.get(process.exitcode, "broken")
    finally:
        if process.is_alive():
            with suppress(ProcessLookupError):  # it has no group yet
                os.killpg(process.pid, signal.SIGKILL)  # what the tests have started, too
            process.kill()
            process.join()
    return Outcome(word, time.perf_counter() - began, printed.read_text(encoding="utf-8", errors="replace"))


def _pytest(package: Path, tests: list[str], project: Path, printed: Path) -> None:
    os.setsid()
    with printed.open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(project)
    os.environ.pop("PYTHONPATH", None)  # the package is in the copy alone
    import pytest

    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={shlex.quote(str(package.parent))}"]
    sys.exit(PYTEST + pytest.main([*options, *tests]))
