"""Other ways of link prediction: from their definition, and as the published code goes about it."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from purereid.purification.gcn import GCN
from purereid.purification.subgraphs import SubgraphBuilder, Subgraphs

DENSE_BATCH = 4


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
