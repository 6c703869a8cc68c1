"""Link prediction by the GCN; the floor is the plain product of as many operations as its layers take.

Random unit features, 17 around each centre. The other ways do a sample of the pivots: the plain dense computation
(zero-padded subgraphs in batches), and the published one (one pivot at a time, its subgraph made by loops in Python).
"""

from collections.abc import Iterator

import numpy as np
import torch

from bench.comparison import Row, Way, compare
from bench.floors import operations, operations_of
from bench.gcn_ways import dense_way, published_way
from bench.machine import devices
from purereid.purification.gcn import GCN
from purereid.purification.gcn_inference import predict_links
from purereid.retrieval.neighbours import nearest_neighbours

NAMES = ("images", "width", "k1", "k2", "u")
TINY = (40, 16, 5, 3, 3)
SMALL = [(250, 512, 80, 10, 10)]
FULL = [(13_000, 512, k1, k2, u) for k1, k2, u in ((20, 5, 5), (80, 10, 10), (200, 10, 10))]
FULL += [(13_000, 2048, 32, 5, 5)]
WIDTHS = {512: [512, 512, 256, 256], 2048: [1024, 512, 256]}  # L-GCN's, and ours
SAMPLE = 8  # pivots of the slow ways
PER_IDENTITY, NOISE = 17, 0.7


def comparisons(images: int, width: int, k1: int, k2: int, u: int) -> Iterator[list[Row]]:
    """Links of all images, on each device; the slow ways on the CPU."""
    features = clustered_features(images, width, np.random.default_rng(0))
    lists = nearest_neighbours(features, max(k1, k2, u)).indices
    network, sizes = random_network(width, WIDTHS.get(width, [width, width])), {"k1": k1, "k2": k2, "u": u}
    number = operations_of(lambda: predict_links(network, features, lists, **sizes))
    pivots = np.random.default_rng(0).permutation(images)[:SAMPLE]
    for device in devices():

        def floor(on: str = device) -> None:
            operations(number, on)

        def ours(on: str = device) -> None:
            predict_links(network.to(on), features, lists, **sizes, device=on)

        ways = {"plain product of as many operations": Way(images, floor), "purereid": Way(images, ours)}
        if device == "cpu":
            slow = {"plain dense": dense_way, "published way": published_way}
            made = {name: make(network.to("cpu"), features, lists, sizes) for name, make in slow.items()}
            ways |= {name: Way(len(pivots), lambda w=way: w(pivots)) for name, way in made.items()}
        yield compare("gcn", f"{images} x {width}, k1 {k1}, k2 {k2}, u {u} on {device}", "pivots", ways)


def clustered_features(images: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Unit features float32 [N, D] around random centres."""
    centres = rng.standard_normal((images // PER_IDENTITY + 1, width), np.float32)
    features = centres[rng.permutation(images) // PER_IDENTITY]
    features += NOISE * rng.standard_normal(features.shape, np.float32)
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def random_network(width: int, widths: list[int]) -> GCN:
    """A network with random weights, for differences of features that vary as they do here."""
    torch.manual_seed(0)
    network = GCN(features=width, widths=widths)
    network.normalisation.variance.fill_(1 / width)
    return network
