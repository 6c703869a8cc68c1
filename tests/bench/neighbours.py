"""The k nearest others of each image; the floor is the plain product of all pairs.

Random features, then 17 images of each person beside each other, as in a data set, which vary in few directions only.
"""

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import torch

from bench.comparison import Row, Way, compare, doing
from bench.floors import product_on
from bench.machine import devices
from purereid.networks.precision import has_bf16
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import nearest_neighbours

NAMES = ("images", "width", "k")
TINY = (60, 16, 5)
SMALL, FULL = [(5000, 2048, 80)], [(36_000, 2048, 80), (36_000, 2048, 200)]
IMAGES = 17  # of a person
SPREAD = 0.7  # of a person's images about their centre, over that of the centres
DIRECTIONS = 128
SAMPLE = 1000  # images that scikit-learn is asked for


def comparisons(images: int, width: int, k: int) -> Iterator[list[Row]]:
    """On each device; other libraries on the CPU."""
    for people in (False, True):
        features = make_features(images, width, people)
        for device in devices():
            ways = {
                "plain product of all pairs": lambda f=features, on=device: product_on(on, f, f),
                "purereid": lambda f=features, on=device: nearest_neighbours(f, k, device=on, precision="fp32"),
            }
            if device == "cpu" and has_bf16(torch.device("cpu")):
                ways["purereid, bf16 candidates"] = lambda f=features: nearest_neighbours(f, k, precision="bf16")
            size = f"{images} x {width}{' of people' if people else ''}, k = {k} on {device}"
            others = other_ways(features, k) if device == "cpu" else {}
            yield compare("neighbours", size, "images", doing(images, ways) | others)


def make_features(images: int, width: int, people: bool) -> np.ndarray:
    """Random features of length 1, float32 [images, width]."""
    rng = np.random.default_rng(0)
    if not people:
        return normalise(rng.standard_normal((images, width), np.float32), in_place=True)
    centres = rng.standard_normal((-(-images // IMAGES), DIRECTIONS), np.float32)
    places = np.repeat(centres, IMAGES, axis=0)[:images]
    places += SPREAD * rng.standard_normal((images, DIRECTIONS), np.float32)
    return normalise(places @ rng.standard_normal((DIRECTIONS, width), np.float32), in_place=True)


def other_ways(features: np.ndarray, k: int) -> dict[str, Way]:
    """The same by libraries that are installed, each image itself included.

    Of features of length 1, the nearest by distance are those by cosine.
    """
    makers = {"faiss IndexFlatIP": ("faiss", _faiss), "scikit-learn, brute force": ("sklearn", _scikit_learn)}
    return {name: make(features, k + 1) for name, (package, make) in makers.items() if find_spec(package)}


def _faiss(features: np.ndarray, k: int) -> Way:
    import faiss

    index = faiss.IndexFlatIP(features.shape[1])
    index.add(features)
    return Way(len(features), lambda: index.search(features, k))


def _scikit_learn(features: np.ndarray, k: int) -> Way:
    from sklearn.neighbors import NearestNeighbors

    fitted = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(features)
    return Way(min(SAMPLE, len(features)), lambda: fitted.kneighbors(features[:SAMPLE]))
