"""From features to scores, and from distances to scores.

Random features, 21 gallery images of an identity, as in Market-1501, in 6 cameras. The floor is the plain product of
queries and gallery.
"""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from bench.comparison import Row, compare, doing
from bench.floors import product_on
from bench.machine import devices
from purereid.retrieval.distances import cosine_blocks, normalise
from purereid.retrieval.matches import matches
from purereid.retrieval.ranking import rank, rank_blocks

NAMES = ("queries", "gallery", "width")
TINY = (60, 400, 8)
SMALL, FULL = [(1000, 8000, 2048)], [(3368, 15_913, 2048), (11_659, 82_161, 2048)]  # Market-1501, MSMT17
IMAGES, CAMERAS = 21, 6  # of an identity in the gallery
SAMPLE = 20  # queries of the libraries that rank one at a time


def comparisons(queries: int, gallery: int, width: int) -> Iterator[list[Row]]:
    """From features on each device, then from given distances."""
    features, labels = features_and_labels(queries, gallery, width)
    query, other = features[:queries], features[queries:]
    for device in devices():
        ways = {
            "plain product": lambda on=device: product_on(on, query, other),
            "purereid": lambda on=device: rank(query, other, *labels, device=on),
        }
        size = f"{queries} x {gallery} x {width} on {device}"
        yield compare("ranking", size, "queries", doing(queries, ways))
    distances, filled = np.empty((queries, gallery), np.float32), 0
    for block in cosine_blocks(query, other):
        distances[filled : filled + len(block)] = block
        filled += len(block)
    ways = {
        "plain product": lambda: product_on("cpu", query, other),
        "purereid": lambda: rank_blocks([distances], *labels),
        "purereid, no lists": lambda: rank_blocks([distances], *labels, top=0),
    }
    few = min(SAMPLE, queries)
    others = other_ways(distances[:few], [part[:few] if n % 2 == 0 else part for n, part in enumerate(labels)])
    alone = doing(few, {f"{name}, AP alone": work for name, work in others.items()})
    yield compare("ranking, distances given", f"{queries} x {gallery}", "queries", doing(queries, ways) | alone)


def features_and_labels(queries: int, gallery: int, width: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Features float32 [Q + G, D]; pids of queries and of the gallery, then camids of both."""
    rng = np.random.default_rng(0)
    features = normalise(rng.standard_normal((queries + gallery, width), np.float32), in_place=True)
    identities = -(-gallery // IMAGES)
    return features, [rng.integers(1, limit + 1, n) for limit in (identities, CAMERAS) for n in (queries, gallery)]


def other_ways(distances: np.ndarray, labels: list[np.ndarray]) -> dict[str, Callable[[], list[float]]]:
    """Average precision of each query that has a match, by the libraries that are installed."""
    right, junk = matches(*labels)

    def kept(row: int) -> tuple[np.ndarray, np.ndarray]:
        """Whether an image is right, and its similarity, above 0 as torchmetrics needs it, without junk."""
        is_right, counted = np.zeros(distances.shape[1], bool), np.ones(distances.shape[1], bool)
        is_right[right[row]], counted[junk[row]] = True, False
        return is_right[counted], 3 - distances[row, counted]

    def all_queries(precision: Callable[[np.ndarray, np.ndarray], float]) -> list[float]:
        return [precision(*kept(row)) for row in np.flatnonzero(right.lengths)]

    makers = {"scikit-learn": ("sklearn", _scikit_learn), "torchmetrics": ("torchmetrics", _torchmetrics)}
    return {name: partial(all_queries, make()) for name, (package, make) in makers.items() if find_spec(package)}


def _scikit_learn() -> Callable[[np.ndarray, np.ndarray], float]:
    from sklearn.metrics import average_precision_score

    return lambda is_right, similarity: float(average_precision_score(is_right, similarity))


def _torchmetrics() -> Callable[[np.ndarray, np.ndarray], float]:
    import torch

    import_module("purereid.vision")  # before it, where PyTorch is for CPUs alone
    from torchmetrics.functional.retrieval import retrieval_average_precision

    return lambda is_right, similarity: float(
        retrieval_average_precision(torch.from_numpy(similarity), torch.from_numpy(is_right))
    )
