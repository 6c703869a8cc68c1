"""What profiles/default sets for every run."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from snakemake.cli import parse_size_in_bytes

from purereid.data.index import write_index

MSMT17 = 126_441  # images


def compared(root: Path) -> int:
    """Bytes up to which Snakemake compares what a file holds."""
    profile = yaml.safe_load((root / "profiles/default/config.yaml").read_text())
    return parse_size_in_bytes(profile["max-checksum-file-size"])


def test_bytes_of_an_index_of_msmt17_are_compared(root: Path, tmp_path: Path):
    count, rng = 3000, np.random.default_rng(0)
    names = [f"bounding_box_train/{row % 4101:04d}/{row:04d}_012_01_0303morning_0008_2.jpg" for row in range(count)]
    digests = [sha256(f"{side} {row}".encode()).hexdigest() for side in ("file", "pixels") for row in range(count)]
    numbers = {name: rng.integers(500, size=count) for name in ("pid", "camid", "seq", "frame", "width", "height")}
    texts = {"image": names, "path": [f"/data/sets/MSMT17_V1/{name}" for name in names], "split": "train"}
    texts |= {"kind": "detected", "dataset": "msmt17", "sha256": digests[:count], "pixels": digests[count:]}
    path = tmp_path / "index.parquet"
    write_index(pd.DataFrame(texts | numbers), path)
    expected = path.stat().st_size / count * MSMT17
    assert 1_000_000 < expected < compared(root) / 2  # as many generated images may stand in an index


RULES = """
rule train:
    input: "index.parquet"
    output: "networks"
    shell: "touch {output}"
"""


@pytest.mark.slow
@pytest.mark.parametrize(("more", "stale"), [(0, False), (1, True)])
def test_a_newer_index_with_the_bytes_of_before_trains_nothing(root: Path, tmp_path: Path, more: int, stale: bool):
    """Up to the size that is set, and not beyond."""
    shutil.copytree(root / "profiles/default", tmp_path / "profiles/default")
    (tmp_path / "Snakefile").write_text(RULES)
    with (tmp_path / "index.parquet").open("wb") as file:
        file.truncate(compared(root) + more)

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "snakemake", "networks", "--cores", "1", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    run()
    later = (tmp_path / "networks").stat().st_mtime + 2
    os.utime(tmp_path / "index.parquet", (later, later))
    assert ("rule train" in run("--dry-run")) == stale
