"""Time of clusters: ``PYTHONPATH=workflow_scripts python -m purereid.graph.bench_gcn_v 36000 512 80``.

Arguments: images, length of a feature, k. Random unit features, 17 around each centre, and networks of the published
widths with random weights. GCN-V with its links, and the links of GCN-E, for all images; link prediction by the GCN
(k1 32, k2 5, u 5; widths 1024, 512, 256) for a sample of pivots, from which the time of all images follows.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from purereid.graph.bench_gcn import begin, nearest, new_parser, random_network
from purereid.graph.choose_parents import choose_parents
from purereid.graph.connect import components, connect
from purereid.graph.gcn_e import GCNE
from purereid.graph.gcn_inference import LinkPredictor
from purereid.graph.gcn_v import GCNV
from purereid.graph.vertex_confidence import vertex_confidence
from purereid.retrieval.neighbours import Neighbours

ROUNDS = 3
SIZES = {"k1": 32, "k2": 5, "u": 5}
SHARE, TAU = 0.2, 0.5


def main() -> None:
    """Print seconds of each way for all images, and the load of the machine."""
    options = new_parser(__doc__, ("k",)).parse_args()
    features, pivots = begin(options)
    graph = graph_of(features, max(options.k, SIZES["k1"]))
    torch.manual_seed(0)
    vertex = GCNV(features=options.width, width=512)
    edge = GCNE(features=options.width, widths=[512, 512, 256, 256])
    link = random_network(options.width, [1024, 512, 256])
    pivots = pivots[: options.pivots]
    confidence = vertex_confidence(vertex, features, graph, k=options.k)

    def by_confidence() -> None:
        connect(vertex_confidence(vertex, features, graph, k=options.k), graph, TAU)

    def by_choice() -> None:
        components(choose_parents(edge, features, graph, confidence, k=options.k, share=SHARE), TAU)

    predictor, shared = timed(lambda: LinkPredictor(link, features, graph.indices, **SIZES))
    print(f"GCN-V and its clusters: {median(by_confidence):.2f} s")
    print(f"GCN-E and its clusters, once the confidences are known: {median(by_choice):.2f} s")
    sample = median(lambda: predictor(pivots))
    print(f"GCN, links alone: {shared + sample * options.images / len(pivots):.0f} s, from {len(pivots)} pivots")


def graph_of(features: np.ndarray, k: int) -> Neighbours:
    """The k nearest neighbours, by brute force."""
    indices = nearest(features, k).astype(np.int32)
    similarity = [features[lists] @ feature for lists, feature in zip(indices, features, strict=True)]
    return Neighbours(indices, np.stack(similarity))


def median(way: Callable[[], object]) -> float:
    """Seconds of one run, the median of several."""
    return float(np.median([timed(way)[1] for _ in range(ROUNDS)]))


def timed(way: Callable[[], object]) -> tuple[object, float]:
    """What a way returns, and its seconds."""
    started = time.perf_counter()
    result = way()
    return result, time.perf_counter() - started


if __name__ == "__main__":
    main()
