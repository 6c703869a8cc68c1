"""Links of GCN-E: the most confident images choose the candidate that most probably shows the same person."""

import numpy as np
import torch

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.purification.connect import Parents, nearest_higher, ranks
from purereid.purification.feature_checks import check_features
from purereid.purification.gcn_e import GCNE, CandidateGraphBuilder
from purereid.purification.vertex_confidence import nearest

BATCH = 64  # images whose candidates are judged at a time


def choose_parents(
    network: GCNE,
    features: np.ndarray,
    graph: Neighbours,
    confidence: np.ndarray,
    *,
    k: int,
    share: float,
    device: torch.device | str = "cpu",
) -> Parents:
    """Link each image to a neighbour of higher confidence; ``connect.components`` makes the clusters.

    Args:
        network: it is moved to the device.
        features: float32 [N, D] of length 1.
        graph: nearest neighbours of each image without itself.
        confidence: [N], of GCN-V.
        k: neighbours that may be candidates.
        share: of the images, the most confident ones, that choose by the network, 0..1 (published: 0.2); the others
            are linked to their nearest candidate. Those with one candidate have no choice.
        device: where to compute.

    Returns:
        the links; of equally probable candidates the nearest.

    Raises:
        UserError: features not finite, not of length 1 or of another width than the network's; confidences not finite;
            k or share out of range.
        ValueError: not as many features or confidences as lists of neighbours.
    """
    check_features(features, network.configuration["features"], len(graph.indices))
    graph, device = nearest(graph, k), torch.device(device)
    parents, rank = nearest_higher(confidence, graph), ranks(confidence)
    images = confident_images(graph, rank, share)
    build = CandidateGraphBuilder(graph, torch.from_numpy(rank), device)
    network, x = network.to(device), torch.from_numpy(features).to(device)
    for start in range(0, len(images), BATCH):
        part = images[start : start + BATCH]
        with torch.inference_mode():
            graphs = build(torch.from_numpy(part))
            logits = network(x, graphs)
        score = (logits[..., 1] - logits[..., 0]).masked_fill(~graphs.real, -np.inf)
        best = graphs.candidates.gather(1, score.argmax(dim=1, keepdim=True)).squeeze(1)
        parents.indices[part] = best.cpu().numpy()
    return Parents(parents.indices, _similarity(graph, parents))


def confident_images(graph: Neighbours, rank: np.ndarray, share: float) -> np.ndarray:
    """int64: those of the most confident share of the images that have several candidates, fewest candidates first.

    Images with equally many candidates go in the order of their confidence.

    Args:
        graph: [N, k].
        rank: int64 [N], 0 for the highest confidence.
        share: 0..1.

    Raises:
        UserError: share out of range.
    """
    if not 0 <= share <= 1:
        raise UserError(f"share is {share}", expected="the share of the images that choose, 0 to 1")
    images = np.argsort(rank)[: round(share * len(rank))]
    number = (rank[graph.indices[images]] < rank[images, None]).sum(axis=1)
    order = np.argsort(number, kind="stable")
    return images[order[number[order] > 1]]


def _similarity(graph: Neighbours, parents: Parents) -> np.ndarray:
    """Similarities float32 [N] of images and parents; those of images without parent stay."""
    linked = graph.indices == parents.indices[:, None]
    own = np.arange(len(parents.indices))
    return np.where(linked.any(axis=1), graph.similarity[own, linked.argmax(axis=1)], parents.similarity)
