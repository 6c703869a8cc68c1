"""Time and memory of a graph: ``PYTHONPATH=workflow_scripts python -m purereid.retrieval.bench_neighbours 36000 2048 80``.

Random features; beside it, in the same run, the plain float32 product of all pairs in NumPy tiles, and the exact
index of faiss where that is installed. ``--people`` puts 17 images of each person beside each other, as in a data set.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np

from purereid.retrieval.bench import measured
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import BLOCK, nearest_neighbours

IMAGES = 17  # of a person
SPREAD = 0.7  # of a person's images about their centre, over that of the centres
DIRECTIONS = 128


def main() -> None:
    """Print seconds, seconds of processor time and extra memory for the size given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("images", "width", "k"):
        parser.add_argument(name, type=int)
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--precision", nargs="+", default=["auto", "fp32"], choices=["auto", "fp32", "bf16"])
    size = parser.parse_args()
    features = make_features(size.images, size.width, size.people)
    cores = len(os.sched_getaffinity(0))
    print(f"{size.images} x {size.width}, k = {size.k}; {cores} cores, load {os.getloadavg()[0]:.1f}")
    plain = show("plain product", lambda: product(features), None)
    for precision in size.precision:
        show(f"neighbours, {precision}", lambda p=precision: nearest_neighbours(features, size.k, precision=p), plain)
    show_faiss(features, size.k, plain)
    print(f"the features take {features.nbytes / 2**20:.0f} MiB; load {os.getloadavg()[0]:.1f}")


def make_features(images: int, width: int, people: bool) -> np.ndarray:
    """Random features of length 1, float32 [images, width]; those of people vary in few directions only."""
    rng = np.random.default_rng(0)
    if not people:
        return normalise(rng.standard_normal((images, width), np.float32), in_place=True)
    centres = rng.standard_normal((-(-images // IMAGES), DIRECTIONS), np.float32)
    places = np.repeat(centres, IMAGES, axis=0)[:images]
    places += SPREAD * rng.standard_normal((images, DIRECTIONS), np.float32)
    return normalise(places @ rng.standard_normal((DIRECTIONS, width), np.float32), in_place=True)


def product(features: np.ndarray) -> None:
    """All N x N dot products, in float32 tiles that are thrown away."""
    tile = np.empty((BLOCK, BLOCK), np.float32)
    for start in range(0, len(features), BLOCK):
        rows = features[start : start + BLOCK]
        for other in range(0, len(features), BLOCK):
            columns = features[other : other + BLOCK]
            np.matmul(rows, columns.T, out=tile.reshape(-1)[: len(rows) * len(columns)].reshape(len(rows), -1))


def show(name: str, work: Callable[[], object], plain: tuple[float, float] | None) -> tuple[float, float]:
    """Measure and print; returns seconds and seconds of processor time."""
    before = time.process_time()
    seconds, memory = measured(work)
    figures = seconds, time.process_time() - before
    ratios = "" if plain is None else "; over the plain product {:.2f} ({:.2f})".format(*np.divide(figures, plain))
    print(
        f"{name:>22}: {seconds:7.2f} s ({figures[1]:.2f} s of processors), {memory:5.0f} MiB more{ratios}", flush=True
    )
    return figures


def show_faiss(features: np.ndarray, k: int, plain: tuple[float, float]) -> None:
    """The same with faiss: the exact index, itself included."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed")
        return
    index = faiss.IndexFlatIP(features.shape[1])
    index.add(features)
    show("faiss IndexFlatIP", lambda: index.search(features, k + 1), plain)


if __name__ == "__main__":
    main()
