"""Time and memory of ``evaluate``: ``PYTHONPATH=workflow_scripts python -m purereid.reid.bench 11659 82161 2048``.

From files of random features to scores; with ``--rerank`` the re-ranking too.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.features import write_features
from purereid.data.index import write_index
from purereid.reid.evaluate import evaluate
from purereid.retrieval.bench import measured

IDENTITIES, CAMERAS = 750, 6


def main() -> None:
    """Print seconds and memory beyond the features for the size given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("queries", "gallery", "width"):
        parser.add_argument(name, type=int)
    parser.add_argument("--rerank", action="store_true")
    size = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("index", "features", "scores", "ranks")}
        bytes_of_features = write_inputs(files["index"], files["features"], size)
        names = {"dataset": "random", "experiment": "bench", "seed": 0}
        seconds, memory = measured(lambda: evaluate(**files, **names, rerank=size.rerank))
    beyond = memory - bytes_of_features / 2**20
    print(f"evaluate, {size.queries} x {size.gallery} x {size.width}: {seconds:.1f} s")
    print(f"memory beyond the features: {beyond:.0f} MiB; the features take {bytes_of_features / 2**20:.0f} MiB")


def write_inputs(index: Path, features: Path, size: argparse.Namespace) -> int:
    """Write an index and its features; the number of bytes of the features."""
    rng = np.random.default_rng(0)
    count = size.queries + size.gallery
    split = np.repeat(["query", "gallery"], [size.queries, size.gallery])
    images = [f"{number:07d}" for number in range(count)]
    people = {"pid": rng.integers(1, IDENTITIES, count), "camid": rng.integers(0, CAMERAS, count)}
    same = {"seq": -1, "frame": -1, "kind": "detected", "width": 64, "height": 128, "dataset": "random"}
    write_index(
        pd.DataFrame({"image": images, "path": images, "sha256": images, "split": split} | people).assign(**same), index
    )
    values = rng.standard_normal((count, size.width), np.float32)
    write_features(features, images, values)
    return values.nbytes


if __name__ == "__main__":
    main()
