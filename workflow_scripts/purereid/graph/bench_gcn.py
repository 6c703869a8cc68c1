"""Time of link prediction: ``PYTHONPATH=workflow_scripts python -m purereid.graph.bench_gcn 13000 2048 32 5 5``.

Arguments: images, length of a feature, k1, k2, u. Random unit features, 17 around each centre. In turns, on a sample
of pivots: this package; the plain dense computation (zero-padded subgraphs in batches); the published way (one pivot
at a time, its subgraph made by loops in Python). The sizes of L-GCN: 13000 512 200 10 10 --widths 512 512 256 256.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from purereid.graph.gcn import GCN
from purereid.graph.gcn_inference import LinkPredictor
from purereid.graph.subgraphs import SubgraphBuilder, Subgraphs
from purereid.retrieval.bench import measured

PER_IDENTITY, NOISE = 17, 0.7
DENSE_BATCH = 4
ROUNDS = 5


def main() -> None:
    """Print pivots per second of each way, ratios, memory and the load of the machine."""
    options = arguments()
    features, pivots = begin(options)
    sizes = {"k1": options.k1, "k2": options.k2, "u": options.u}
    lists = nearest(features, max(sizes.values()))
    network = random_network(options.width, options.widths)
    started = time.perf_counter()
    predictor = LinkPredictor(network, features, lists, **sizes)
    shared = (time.perf_counter() - started) / options.images
    ways = {
        "published way": published_way(network, features, lists, sizes),
        "plain dense": dense_way(network, features, lists, sizes),
        "purereid": predictor.logits,
    }
    slow, fast = pivots[: options.slow_pivots], pivots[: options.pivots]
    print_differences(ways, slow)
    print_times(ways, {"published way": slow, "plain dense": slow, "purereid": fast}, shared)
    memory = measured(lambda: LinkPredictor(network, features, lists, **sizes)(fast)).memory
    print(f"memory of purereid beyond features and graph {memory:.0f} MiB")


def arguments() -> argparse.Namespace:
    parser = new_parser(__doc__, ("k1", "k2", "u"))
    parser.add_argument("--widths", type=int, nargs="+", default=[1024, 512, 256])
    parser.add_argument("--slow-pivots", type=int, default=16, help="sample for the other ways")
    return parser.parse_args()


def new_parser(description: str, sizes: tuple[str, ...]) -> argparse.ArgumentParser:
    """Parser of numbers of images, length of a feature, sizes of neighbourhoods, sample of pivots and threads."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("images", "width", *sizes):
        parser.add_argument(name, type=int)
    parser.add_argument("--pivots", type=int, default=256, help="sample for purereid's link prediction")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def begin(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Set the threads and print the load; features float32 [N, D], and the images int64 [N] in random order."""
    torch.set_num_threads(options.threads)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {options.threads} threads")
    rng = np.random.default_rng(0)
    return clustered_features(options.images, options.width, rng), rng.permutation(options.images)


def clustered_features(images: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Unit features float32 [N, D] around random centres."""
    centres = rng.standard_normal((images // PER_IDENTITY + 1, width), np.float32)
    features = centres[rng.permutation(images) // PER_IDENTITY]
    features += NOISE * rng.standard_normal(features.shape, np.float32)
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def nearest(features: np.ndarray, k: int) -> np.ndarray:
    """int64 [N, k] nearest neighbours, by brute force."""
    found = []
    for start in range(0, len(features), 1024):
        similarity = torch.from_numpy(features[start : start + 1024] @ features.T)
        similarity.diagonal(start).fill_(-2)
        found.append(similarity.topk(k).indices)
    return torch.cat(found).numpy()


def random_network(width: int, widths: list[int]) -> GCN:
    """A network with random weights, for differences of features that vary as they do here."""
    torch.manual_seed(0)
    network = GCN(features=width, widths=widths)
    network.normalisation.variance.fill_(1 / width)
    return network


def print_differences(ways: dict[str, Callable], pivots: np.ndarray) -> None:
    expected = ways["published way"](pivots)
    for name, way in ways.items():
        print(f"{name}: logits differ by up to {(way(pivots) - expected).abs().max():.1e} from the published way")


def print_times(ways: dict[str, Callable], samples: dict[str, np.ndarray], shared: float) -> None:
    """Medians over rounds, in which the ways take turns; wall clock, and time of the processors.

    ``shared``: seconds per image of what purereid computes once.
    """
    rounds = [[seconds(ways[name], samples[name]) for name in ways] for _ in range(ROUNDS)]
    medians = dict(zip(ways, np.median(rounds, axis=0), strict=True))
    medians["purereid"] += shared
    for name, (wall, processor) in medians.items():
        times = medians[name] / medians["purereid"]
        print(
            f"{name}: {1 / wall:.1f} pivots/s, {wall * 1e3:.2f} ms per pivot, {processor * 1e3:.2f} ms of the "
            f"processors; {times[0]:.1f} and {times[1]:.1f} times those of purereid"
        )


def seconds(way: Callable, pivots: np.ndarray) -> tuple[float, float]:
    """Seconds per pivot of the clock and of the processors."""
    clock, processor = time.perf_counter(), time.process_time()
    way(pivots)
    return (time.perf_counter() - clock) / len(pivots), (time.process_time() - processor) / len(pivots)


def dense_way(network: GCN, features: np.ndarray, neighbours: np.ndarray, sizes: dict[str, int]) -> Callable:
    """Function from pivots to logits [B, k1, 2]: zero-padded subgraphs in batches, every row through every layer."""
    build = SubgraphBuilder(neighbours, device=torch.device("cpu"), **sizes)

    @torch.inference_mode()
    def way(pivots: np.ndarray) -> torch.Tensor:
        parts = torch.from_numpy(pivots).split(DENSE_BATCH)
        return torch.cat([dense_logits(network, *padded(features, build(part))) for part in parts])

    return way


def padded(features: np.ndarray, graphs: Subgraphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs [B, P, D], adjacency [B, P, P] and rows of the neighbours [B, k1] of subgraphs of up to P rows."""
    features, number, size = torch.from_numpy(features), len(graphs.pivots), graphs.padded_rows
    first = torch.searchsorted(graphs.owners, torch.arange(number))
    place = torch.arange(len(graphs.nodes)) - first[graphs.owners]
    inputs = torch.zeros(number, size, features.shape[1])
    inputs[graphs.owners, place] = features[graphs.nodes] - features[graphs.pivots][graphs.owners]
    adjacency = torch.zeros(number, size, size)
    adjacency[graphs.owners[graphs.rows], place[graphs.rows], place[graphs.columns]] = graphs.weights
    adjacency.diagonal(dim1=1, dim2=2).zero_()
    return inputs, adjacency, place[graphs.one_hop]


def published_way(network: GCN, features: np.ndarray, neighbours: np.ndarray, sizes: dict[str, int]) -> Callable:
    """Function from pivots to logits [B, k1, 2]: one pivot at a time, keeping all that a backward pass would need."""

    def way(pivots: np.ndarray) -> torch.Tensor:
        graphs = (published_subgraph(features, neighbours, pivot, **sizes) for pivot in pivots)
        return torch.cat([dense_logits(network, *(part[None] for part in graph)).detach() for graph in graphs])

    return way


def published_subgraph(
    features: np.ndarray, neighbours: np.ndarray, pivot: int, *, k1: int, k2: int, u: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Inputs [P, D], adjacency [P, P], rows of the neighbours [k1]: sets, lists and single entries of a tensor."""
    one_hop = neighbours[pivot, :k1]
    members = {pivot, *one_hop}
    for neighbour in one_hop:
        members.update(neighbours[neighbour, :k2])
    nodes = list(members)
    row = {node: number for number, node in enumerate(nodes)}
    joined = torch.zeros(len(nodes), len(nodes))
    for node in nodes:
        for neighbour in neighbours[node, :u]:
            if neighbour in nodes:
                joined[row[node], row[neighbour]] = 1
                joined[row[neighbour], row[node]] = 1
    padding = k1 * (k2 + 1) + 1 - len(nodes)
    inputs = torch.from_numpy(features[nodes] - features[pivot])
    adjacency = joined / joined.sum(dim=1, keepdim=True).clamp(min=1)
    chosen = torch.tensor([row[neighbour] for neighbour in one_hop])
    return functional.pad(inputs, (0, 0, 0, padding)), functional.pad(adjacency, (0, padding, 0, padding)), chosen


def dense_logits(network: GCN, inputs: torch.Tensor, adjacency: torch.Tensor, one_hop: torch.Tensor) -> torch.Tensor:
    """Logits [B, k1, 2] of padded subgraphs, by the definition of the network."""
    norm = network.normalisation
    x = (inputs - norm.mean) * (norm.variance + norm.eps).rsqrt()
    for layer in network.convolutions:
        x = functional.relu(torch.cat([x, adjacency @ x], dim=2) @ layer.weight + layer.bias)
    chosen = x[torch.arange(len(x))[:, None], one_hop]
    return network.classifier(chosen.flatten(0, 1)).view(*one_hop.shape, 2)


if __name__ == "__main__":
    main()
