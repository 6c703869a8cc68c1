"""k-reciprocal re-ranking and neighbour feature centralisation; the floor is the plain product of all pairs.

Re-ranking from given distances has as its floor a copy of these.
"""

from collections.abc import Iterator

import numpy as np

from bench.comparison import Row, compare, doing
from bench.floors import copying, product_on
from bench.machine import devices
from bench.ranking import features_and_labels
from purereid.retrieval.centralise import centralise
from purereid.retrieval.rerank import reranked_blocks, reranked_distances

NAMES = ("queries", "gallery", "width")
TINY = (60, 400, 8)
SMALL, FULL = [(400, 4000, 2048)], [(3368, 15_913, 2048), (11_659, 82_161, 2048)]  # Market-1501, MSMT17
MOST = 4 * 2**30  # bytes of distances of all pairs; those of MSMT17 would take 35 GB


def comparisons(queries: int, gallery: int, width: int) -> Iterator[list[Row]]:
    """Both on each device, then from given distances."""
    features, _ = features_and_labels(queries, gallery, width)
    for device in devices():
        ways = {
            "plain product of all pairs": lambda on=device: product_on(on, features, features),
            "purereid": lambda on=device: [None for _ in reranked_blocks(features, queries, device=on)],
            "purereid, centralisation": lambda on=device: centralise(features, device=on),
        }
        size = f"{queries} + {gallery} x {width} on {device}"
        yield compare("reranking", size, "images", doing(len(features), ways))
    if 4 * len(features) ** 2 > MOST:
        return
    distances = 1 - features @ features.T
    parts = [np.ascontiguousarray(distances[side]) for side in sides(queries)]
    number, distances = distances.nbytes, None
    ways = {
        "distances copied": copying(number),
        "purereid": lambda: [None for _ in reranked_distances(*parts)],
    }
    yield compare("reranking, distances given", f"{queries} + {gallery}", "images", doing(len(features), ways))


def sides(queries: int) -> list[tuple[slice, slice]]:
    """Where the distances of queries and gallery, of queries, and of the gallery are among those of all."""
    query, other = slice(queries), slice(queries, None)
    return [(query, other), (query, query), (other, other)]
