"""Time and memory of ``evaluate``: ``PYTHONPATH=workflow_scripts python -m purereid.reid.bench 11659 82161 2048``.

From files of random features to scores, with the pairs of cameras, which rank everything once more; with ``--rerank``
and ``--nfc`` re-ranking and centralisation too. Beside each figure its ratio to the plain float32 product of queries
and gallery, in tiles that are thrown away, on the same cores in the same run.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.features import read_features, write_features
from purereid.data.index import write_index
from purereid.reid.evaluate import evaluate
from purereid.retrieval.bench import cores, product, show

IDENTITIES, CAMERAS = 750, 6


def main() -> None:
    """Print what the evaluation of the size given on the command line costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("queries", "gallery", "width"):
        parser.add_argument(name, type=int)
    for name in ("--rerank", "--nfc"):
        parser.add_argument(name, action="store_true")
    size = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("index", "features", "scores", "ranks")}
        bytes_of_features = write_inputs(files["index"], files["features"], size)
        settings = {"dataset": "random", "experiment": "bench", "seed": 0, "rerank": size.rerank, "nfc": size.nfc}
        print(f"{size.queries} x {size.gallery} x {size.width}; {cores()}")
        plain = show("plain product", lambda: plain_product(files["features"], size.queries))
        show("evaluate", lambda: evaluate(**files, **settings), plain)
    print(f"the features take {bytes_of_features / 2**20:.0f} MiB; {cores()}")


def plain_product(features: Path, queries: int) -> None:
    """Dot products of all queries and gallery images."""
    _, values = read_features(features)
    product(values[:queries], values[queries:])


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
