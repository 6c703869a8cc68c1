"""The digest of a file's content: checked, and as a share of writing and reading; the floor is a copy of the bytes."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from bench.comparison import Row, compare, doing
from bench.floors import copying
from purereid.data import checkpoint
from purereid.data.content_digest import check_digest, fill_digest
from purereid.data.features import read_features, write_features

NAMES = ("megabytes",)
TINY = (1,)
SMALL, FULL = [(100,)], [(500,)]  # the latter: features of all test images of Market-1501 and DukeMTMC-reID
WIDTH = 2048


def comparisons(megabytes: int) -> Iterator[list[Row]]:
    """Features and weights of that size."""
    count = max(1, megabytes * 10**6 // (4 * WIDTH))
    features = np.random.default_rng(0).normal(size=(count, WIDTH)).astype(np.float32)
    names, state = [f"{row:06d}.jpg" for row in range(count)], {"weights": torch.from_numpy(features)}
    with TemporaryDirectory() as folder:
        table, weights = Path(folder, "features.parquet"), Path(folder, "networks.safetensors")
        write_features(table, names, features)
        ways = {
            "bytes copied": copying(features.nbytes),
            "purereid": lambda: check_anew(table),
            "filled in": lambda: fill_digest(table),
            "features written": lambda: write_features(table, names, features),
            "features read": lambda: (table.touch(), read_features(table)),
            "weights written": lambda: checkpoint.save(weights, state),
            "weights read": lambda: (weights.touch(), checkpoint.load(weights)),
        }
        yield compare("digests", f"{megabytes} MB", "megabytes", doing(megabytes, ways))


def check_anew(path: Path) -> None:
    """A file that was touched is read again."""
    path.touch()
    check_digest(path)
