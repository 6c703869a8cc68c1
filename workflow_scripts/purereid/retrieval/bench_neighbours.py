"""Time and memory of nearest neighbours: ``python -m purereid.retrieval.bench_neighbours 36000 2048 80``.

Random features; beside it, in the same run, the plain float32 product of all pairs in NumPy tiles, and the exact
index of faiss where that is installed. ``--people`` puts 17 images of each person beside each other, as in a data set.
"""

import argparse

import numpy as np

from purereid.retrieval.bench import Cost, cores, product, show
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import nearest_neighbours

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
    print(f"{size.images} x {size.width}, k = {size.k}; {cores()}")
    nearest_neighbours(features[: size.k + 1], size.k)  # loads what is compiled
    plain = show("plain product", lambda: product(features, features))
    for precision in size.precision:
        show(f"neighbours, {precision}", lambda p=precision: nearest_neighbours(features, size.k, precision=p), plain)
    show_faiss(features, size.k, plain)
    print(f"the features take {features.nbytes / 2**20:.0f} MiB; {cores()}")


def make_features(images: int, width: int, people: bool) -> np.ndarray:
    """Random features of length 1, float32 [images, width]; those of people vary in few directions only."""
    rng = np.random.default_rng(0)
    if not people:
        return normalise(rng.standard_normal((images, width), np.float32), in_place=True)
    centres = rng.standard_normal((-(-images // IMAGES), DIRECTIONS), np.float32)
    places = np.repeat(centres, IMAGES, axis=0)[:images]
    places += SPREAD * rng.standard_normal((images, DIRECTIONS), np.float32)
    return normalise(places @ rng.standard_normal((DIRECTIONS, width), np.float32), in_place=True)


def show_faiss(features: np.ndarray, k: int, plain: Cost) -> None:
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
