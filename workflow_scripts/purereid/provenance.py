"""The record beside an artifact: what it was made from, with what, where and when."""

import datetime
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path

import purereid
from purereid.data.atomic import write_text

PACKAGE = Path(__file__).parent
LIBRARIES = (
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pillow",
    "simplejpeg",
    "opencv-python-headless",
    "scipy",
    "snakemake",
    "torch",
    "torchvision",
)


def write_provenance(folder: Path, record: dict, started: datetime.datetime) -> None:
    """Write ``provenance.json`` into an artifact's folder.

    Args:
        folder: where the artifact lies.
        record: what made it: rule, wildcards, settings, code digest, digests of inputs.
        started: when the job began, with time zone.
    """
    now = datetime.datetime.now(datetime.UTC)
    record = record | {
        "package": {"version": purereid.__version__} | _commit(),
        "libraries": _libraries(),
        "machine": {"platform": platform.platform(), "processor": _processor(), "python": platform.python_version()},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((now - started).total_seconds(), 1),
    }
    write_text(folder / "provenance.json", json.dumps(record, indent=2, sort_keys=True, default=str) + "\n")


def _commit() -> dict:
    def git(*command: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *command], cwd=PACKAGE, capture_output=True, encoding="utf-8", errors="replace", check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    status = git("status", "--porcelain", "--untracked-files=no")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if status is None else bool(status)}


def _libraries() -> dict:
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
