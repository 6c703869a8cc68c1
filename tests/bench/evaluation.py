"""The whole of ``evaluate``, from files to scores; the floor is the plain product of queries and gallery.

Re-ranking and centralisation need the product of all pairs.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.comparison import Row, compare, doing
from bench.floors import product
from bench.ranking import features_and_labels
from purereid.data.features import read_features, write_features
from purereid.data.index import write_index
from purereid.reid.evaluate import evaluate

NAMES = ("queries", "gallery", "width")
TINY = (60, 400, 8)
SMALL, FULL = [(400, 4000, 2048)], [(3368, 15_913, 2048), (11_659, 82_161, 2048)]  # Market-1501, MSMT17


def comparisons(queries: int, gallery: int, width: int) -> Iterator[list[Row]]:
    """Scores alone, and with the two kinds of post-processing."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("index", "features", "scores", "ranks")}
        write_inputs(files["index"], files["features"], queries, gallery, width)

        def plain() -> None:
            _, values = read_features(files["features"])
            product(values[:queries], values[queries:])

        def ours(**settings: bool) -> None:
            evaluate(**files, **settings, dataset="random", experiment="bench", seed=0)

        ways = {
            "features read, plain product": plain,
            "purereid": lambda: ours(rerank=False, nfc=False),
            "purereid, re-ranked and centralised": lambda: ours(rerank=True, nfc=True),
        }
        size = f"{queries} x {gallery} x {width}"
        yield compare("evaluation", size, "queries", doing(queries, ways))


def write_inputs(index: Path, features: Path, queries: int, gallery: int, width: int) -> None:
    """Write an index and its random features."""
    values, labels = features_and_labels(queries, gallery, width)
    split = np.repeat(["query", "gallery"], [queries, gallery])
    images = [f"{number:07d}" for number in range(len(values))]
    people = {"pid": np.concatenate(labels[:2]), "camid": np.concatenate(labels[2:])}
    same = {"seq": -1, "frame": -1, "kind": "detected", "width": 64, "height": 128, "dataset": "random"}
    write_index(
        pd.DataFrame({"image": images, "path": images, "sha256": images, "split": split} | people).assign(**same), index
    )
    write_features(features, images, values)
