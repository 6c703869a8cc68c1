"""Confidence of images: the true one where persons are known, and that which GCN-V predicts."""

import numpy as np
import torch

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.purification.feature_checks import check_features
from purereid.purification.gcn_v import GCNV, input_blocks
from purereid.purification.link_scores import same_person


def vertex_confidence(
    network: GCNV, features: np.ndarray, graph: Neighbours, *, k: int, device: torch.device | str = "cpu"
) -> np.ndarray:
    """Predict the confidence of each image.

    Args:
        network: it is moved to the device.
        features: float32 [N, D] of length 1.
        graph: nearest neighbours of each image without itself.
        k: neighbours that count, those of the training (``network_file.load_network``).
        device: where to compute.

    Returns:
        float32 [N], about -1..1, in units of the training.

    Raises:
        UserError: features not finite, not of length 1 or of another width than the network's, k out of range.
        ValueError: not as many features as lists of neighbours.
    """
    check_features(features, network.configuration["features"], len(graph.indices))
    graph = nearest(graph, k)
    network = network.to(device)
    with torch.inference_mode():
        return torch.cat([network(block).cpu() for block in input_blocks(features, graph, device)]).numpy()


def margins(graph: Neighbours, pids: np.ndarray) -> np.ndarray:
    """Similarities to neighbours of the same person less those to others, summed: float32 [N].

    Divided by the largest magnitude, they are the true confidence of GCN-V (learn-to-cluster, ``s_nbr``).
    """
    return np.where(same_person(graph.indices, pids), graph.similarity, -graph.similarity).sum(axis=1)


def nearest(graph: Neighbours, k: int) -> Neighbours:
    """The k nearest neighbours of each image of a graph; raises UserError if it has fewer."""
    if not 1 <= k <= graph.indices.shape[1]:
        raise UserError(
            f"k is {k}, but the graph has {graph.indices.shape[1]} neighbours of each image",
            expected=f"1 to {graph.indices.shape[1]}",
            do="build the graph with more neighbours",
        )
    return Neighbours(graph.indices[:, :k], graph.similarity[:, :k])
