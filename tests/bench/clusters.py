"""Clusters by GCN-V and by GCN-E; the floor is the plain product of as many operations as their layers take.

Random unit features, 17 around each centre, and networks of the published widths with random weights.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from bench.comparison import Row, compare, doing
from bench.floors import operations, operations_of
from bench.gcn import clustered_features
from purereid.purification.choose_parents import choose_parents
from purereid.purification.connect import components, connect
from purereid.purification.gcn_e import GCNE
from purereid.purification.gcn_v import GCNV
from purereid.purification.vertex_confidence import vertex_confidence
from purereid.retrieval.neighbours import nearest_neighbours

NAMES = ("images", "width", "k")
TINY = (40, 16, 5)
SMALL, FULL = [(4000, 512, 80)], [(36_000, 512, 80)]
SHARE, TAU = 0.2, 0.5


def comparisons(images: int, width: int, k: int) -> Iterator[list[Row]]:
    """Clusters of all images."""
    features = clustered_features(images, width, np.random.default_rng(0))
    graph = nearest_neighbours(features, k)
    torch.manual_seed(0)
    vertex, edge = GCNV(features=width, width=512), GCNE(features=width, widths=[512, 512, 256, 256])
    confidence = vertex_confidence(vertex, features, graph, k=k)

    def by_confidence() -> None:
        connect(vertex_confidence(vertex, features, graph, k=k), graph, TAU)

    def by_choice() -> None:
        components(choose_parents(edge, features, graph, confidence, k=k, share=SHARE), TAU)

    for name, ours in {"GCN-V": by_confidence, "GCN-E, confidences known": by_choice}.items():
        ways = {"plain product of as many operations": partial(operations, operations_of(ours)), "purereid": ours}
        size = f"{name}, {images} x {width}, k = {k}"
        yield compare("clusters", size, "images", doing(images, ways))
