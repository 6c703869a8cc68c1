"""k-reciprocal re-ranking and neighbour feature centralisation; the floor is the plain product of all pairs."""

from collections.abc import Iterator

from bench.comparison import Row, compare, doing
from bench.floors import product_on
from bench.machine import devices
from bench.ranking import features_and_labels
from purereid.retrieval.centralise import centralise
from purereid.retrieval.rerank import reranked_blocks

NAMES = ("queries", "gallery", "width")
TINY = (60, 400, 8)
SMALL, FULL = [(400, 4000, 2048)], [(3368, 15_913, 2048), (11_659, 82_161, 2048)]  # Market-1501, MSMT17


def comparisons(queries: int, gallery: int, width: int) -> Iterator[list[Row]]:
    """Both on each device."""
    features, _ = features_and_labels(queries, gallery, width)
    for device in devices():
        ways = {
            "plain product of all pairs": lambda on=device: product_on(on, features, features),
            "purereid": lambda on=device: [None for _ in reranked_blocks(features, queries, device=on)],
            "purereid, centralisation": lambda on=device: centralise(features, device=on),
        }
        size = f"{queries} + {gallery} x {width} on {device}"
        yield compare("reranking", size, "images", doing(len(features), ways))
