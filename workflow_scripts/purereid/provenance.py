"""The record beside an artifact: what it was made from, with what, where and when, and what it was when it was made."""

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import purereid
from purereid.data.atomic import write_text
from purereid.digests.values import file_digest
from purereid.errors import UserError

PACKAGE = Path(__file__).parent
NAME = "provenance.json"
KEYS = {"rule", "wildcards", "inputs", "outputs", "params", "log", "benchmark", "seconds"}  # that others read
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
    "timm",
    "torch",
    "torchvision",
)


def write_provenance(
    folder: Path, record: dict, started: datetime.datetime, outputs: Iterable[str | Path] = ()
) -> None:
    """Write ``provenance.json`` into an artifact's folder.

    Args:
        folder: where the artifact lies.
        record: what made it: rule, wildcards, settings, code digest, digests of inputs.
        started: when the job began, with time zone.
        outputs: the files and folders of the artifact, all in that folder.
    """
    now = datetime.datetime.now(datetime.UTC)
    record = record | {
        "outputs": {Path(path).name: _described(Path(path)) for path in outputs if Path(path).exists()},
        "package": {"version": purereid.__version__} | _commit(),
        **environment(),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((now - started).total_seconds(), 1),
    }
    write_text(folder / NAME, json.dumps(record, indent=2, sort_keys=True, default=str) + "\n")


@cache
def environment() -> dict:
    """Libraries and machine of this process."""
    machine = {"platform": platform.platform(), "processor": _processor(), "python": platform.python_version()}
    return {"libraries": _libraries(), "machine": machine}


def made_with(path: Path) -> dict:
    """The record beside a file or folder; an empty one where there is none, or none that can be used.

    That is one of an older version of purereid too, which tells nothing of outputs.
    """
    try:
        record = json.loads((path.parent / NAME).read_text(encoding="utf-8"))
        outputs = [about.keys() >= {"bytes", "sha256"} for about in record["outputs"].values()]
        usable = all(outputs) and record.keys() >= KEYS and isinstance(record["inputs"], dict)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return record if usable else {}


def all_provenance(results: Path) -> dict[Path, dict]:
    """The records of all artifacts, as ``made_with``, by the folder of each. None lies inside another."""
    found = {}
    for folder, folders, names in os.walk(results):
        if NAME in names:
            folders.clear()  # of images
            found[Path(folder)] = made_with(Path(folder, NAME))
    return dict(sorted(found.items()))


def folders_of(records: Mapping[Path, dict]) -> dict[str, Path]:
    """The folder of the artifact to which each file or folder belongs, by its path, as inputs are named in records.

    Args:
        records: as of ``all_provenance``.
    """
    return {(folder / name).as_posix(): folder for folder, record in records.items() for name in record["outputs"]}


def check_made(path: Path, digest: str) -> None:
    """Compare a file or folder with the record beside it; what has no record, such as the user's data, passes.

    Args:
        path: what a job is going to read.
        digest: as ``file_digest`` gives it now.

    Raises:
        UserError: it is not what was made.
    """
    made = made_with(path).get("outputs", {}).get(path.name)
    if made and made["sha256"] != digest:
        raise UserError(
            "this input is damaged: it is not what was made",
            where=path,
            expected=f"sha256 {made['sha256']}, as {path.parent / NAME} says",
            do=f"delete it and run again, which makes it again; if you changed it on purpose, delete {NAME} beside it",
        )


def _described(path: Path) -> dict:
    return {"bytes": None if path.is_dir() else path.stat().st_size, "sha256": file_digest(path)}


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
