"""Clusters from confidences: each image is linked to one of higher confidence (Yang et al., CVPR 2020, section 3.2)."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.purification.cluster_scores import ClusterScores, cluster_scores

CUTS = 100  # thresholds that are tried


class Parents(NamedTuple):
    """The link of each image to an image of higher confidence."""

    indices: np.ndarray  # int64 [N]; itself where no neighbour has a higher one
    similarity: np.ndarray  # float32 [N], cosine


def connect(confidence: np.ndarray, graph: Neighbours, tau: float) -> np.ndarray:
    """Clusters of images linked to their nearest neighbours of higher confidence.

    Args:
        confidence: [N]; of images with equal confidence the earlier counts as the more confident, so that links
            never make a circle.
        graph: neighbours of the images.
        tau: links with a larger similarity hold, -1..1 (published for features of faces 0.65 to 0.8; it depends on
            the features, see ``train_gcn_v``).

    Returns:
        int64 [N], clusters numbered from 0 in the order of their first images.

    Raises:
        UserError: confidences that are not finite, tau out of range.
        ValueError: not as many confidences as lists of neighbours.
    """
    return components(nearest_higher(confidence, graph), tau)


def ranks(confidence: np.ndarray) -> np.ndarray:
    """int64 [N], 0 for the image of the highest confidence; equal ones by index. Errors as for ``connect``."""
    bad = ~np.isfinite(confidence)
    if bad.any():
        raise UserError(
            f"{np.count_nonzero(bad)} of {len(bad)} images have a confidence that is not finite",
            where=f"the first: image {np.argmax(bad)}",
            do="look at the training curve of the network that predicts it: its loss has probably diverged",
        )
    rank = np.empty(len(confidence), np.int64)
    rank[np.argsort(-confidence, kind="stable")] = np.arange(len(confidence))
    return rank


def nearest_higher(confidence: np.ndarray, graph: Neighbours) -> Parents:
    """Link each image to its nearest neighbour of higher confidence; arguments and errors as for ``connect``."""
    if confidence.shape != graph.indices.shape[:1]:
        raise ValueError(f"confidences of shape {confidence.shape}, {len(graph.indices)} lists of neighbours")
    rank, own = ranks(confidence), np.arange(len(confidence))
    higher = rank[graph.indices] < rank[:, None]
    first = higher.argmax(axis=1)
    parents = np.where(higher[own, first], graph.indices[own, first], own)
    return Parents(parents, graph.similarity[own, first])


def components(parents: Parents, tau: float) -> np.ndarray:
    """Clusters of images whose links have a similarity above tau; result and errors as for ``connect``."""
    if not -1 <= tau <= 1:
        raise UserError(f"tau is {tau}", expected="a cosine, -1 to 1")
    root = np.where(parents.similarity > tau, parents.indices, np.arange(len(parents.indices)))
    while not np.array_equal(root, root[root]):
        root = root[root]
    return numbered(root)


def similar_components(graph: Neighbours, threshold: float) -> np.ndarray:
    """Clusters, as for ``connect``, of images that are linked to all neighbours more similar than the threshold."""
    images = len(graph.indices)
    linked = graph.similarity > threshold
    starts = np.append(0, np.cumsum(linked.sum(axis=1)))
    links = csr_array((np.ones(starts[-1], bool), graph.indices[linked], starts), shape=(images, images))
    return numbered(connected_components(links, directed=False)[1])


def numbered(labels: np.ndarray) -> np.ndarray:
    """Clusters int64 [N], numbered from 0 in the order of their first images, from any labels int [N]."""
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.unique(first[number], return_inverse=True)[1]


def best_threshold(
    similarity: np.ndarray, clusters: Callable[[float], np.ndarray], pids: np.ndarray
) -> tuple[float, ClusterScores]:
    """The threshold whose clusters have the highest B-cubed F, the lowest of several, and their scores.

    Args:
        similarity: [...] of the links that a threshold may cut; thresholds half way between their percentiles, one
            that cuts none and one that cuts all are tried.
        clusters: makes the clusters int [N] of a threshold.
        pids: int [N], identities.
    """
    levels = np.unique(np.quantile(similarity, np.linspace(0, 1, CUTS), method="lower"))
    thresholds = np.concatenate([[-1], (levels[:-1] + levels[1:]) / 2, levels[-1:]]).clip(-1, 1).tolist()
    scores = [cluster_scores(pids, clusters(threshold)) for threshold in thresholds]
    best = max(range(len(scores)), key=lambda number: scores[number].bcubed.f)
    return thresholds[best], scores[best]


def best_tau(parents: Parents, pids: np.ndarray) -> tuple[float, ClusterScores]:
    """The tau that makes the best clusters of images with identities int64 [N], see ``best_threshold``."""
    linked = parents.indices != np.arange(len(parents.indices))
    return best_threshold(parents.similarity[linked], partial(components, parents), pids)
