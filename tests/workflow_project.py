"""The workflow in a folder of its own, as tests run it."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

PARTS = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "profiles", "slurm", "envs", "tests/config.yaml")


class Project:
    """A copy of the repository in which the workflow is run."""

    def __init__(self, folder: Path):
        self.folder = folder

    def command(self, *arguments: str) -> list[str]:
        config = ["--configfile", "tests/config.yaml"]
        return [sys.executable, "-m", "snakemake", *arguments, "--cores", "2", *config]

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run Snakemake; what it printed."""
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True)
        text = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, text
        return text

    def start(self, *arguments: str) -> subprocess.Popen:
        """Begin a run in a process group of its own; what it prints goes to run.log."""
        with (self.folder / "run.log").open("w") as file:
            command = self.command(*arguments)
            return subprocess.Popen(command, cwd=self.folder, stdout=file, stderr=file, start_new_session=True)

    def planned(self, *targets: str) -> dict[str, int]:
        """Jobs that a dry run announces: rule -> number."""
        text = self.run(*targets, "--dry-run", "--quiet", "rules")
        table = text.partition("Job stats:")[2].partition("total")[0]
        found = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.M)}
        found.pop("all", None)
        return found

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text, (file, old)
        path.write_text(text.replace(old, new, 1))

    def override(self, **sections: dict) -> None:
        """Change settings of the tiny config."""
        path = self.folder / "tests/config.yaml"
        config = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump(_merged(config, sections)))

    def digests(self, pattern: str = "**/*") -> dict[str, str]:
        """SHA-256 of the Parquet and safetensors artifacts."""
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((self.folder / "results").glob(pattern))
            if path.suffix in (".parquet", ".safetensors", ".arrow")
        }


def _merged(config: dict, changes: dict) -> dict:
    inner = [key for key, value in changes.items() if isinstance(value, dict) and isinstance(config.get(key), dict)]
    return config | changes | {key: _merged(config[key], changes[key]) for key in inner}


def copy(source: Path, folder: Path) -> Project:
    for part in PARTS:
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_symlink():
            target.symlink_to((source / part).readlink())
        elif (source / part).is_dir():
            shutil.copytree(source / part, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source / part, target)
    return Project(folder)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one of the processes of a test run makes for all of them."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun, whole = folder.with_suffix(".begun"), folder.with_suffix(".whole")
        if not begun.exists():
            begun.touch()
            make(folder)
            whole.touch()
    assert whole.exists(), f"{name} could not be made; the first test that wanted it says why"
    return folder
