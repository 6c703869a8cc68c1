"""Clusters from predicted links: thresholds rise until no cluster is too large.

Label propagation of L-GCN (Wang et al., Linkage Based Face Clustering via Graph Convolution Network, CVPR 2019) and of
learn-to-cluster, with whole connected components instead of a search node by node. The published search starts anywhere
and stops once it has too many nodes or meets one that was given up. Even so every node of a component that is too large
is given up, in one search or another, and no other node is: its clusters are those made here, in an order of chance,
while here they have the order of their first nodes. What differs is the end: see ``propagate``.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from purereid.errors import UserError
from purereid.purification.link_checks import check_links, check_probabilities

POOLS = ("mean", "max", "running_mean")


def propagate_links(
    indices: np.ndarray, probability: np.ndarray, *, max_size: int = 50, step: float = 0.6, pool: str = "mean"
) -> np.ndarray:
    """Clusters of N images from their links [N, K1]; settings, result and errors as for ``propagate``."""
    check_links(indices, probability)
    row = np.repeat(np.arange(len(indices), dtype=indices.dtype), indices.shape[1])
    edges = np.stack([row, indices.reshape(-1)])
    return propagate(len(indices), edges, probability.reshape(-1), max_size=max_size, step=step, pool=pool)


def propagate(
    nodes: int, edges: np.ndarray, scores: np.ndarray, *, max_size: int = 50, step: float = 0.6, pool: str = "mean"
) -> np.ndarray:
    """Cut a graph into clusters.

    First over all edges, whatever their scores: components of up to ``max_size`` nodes are clusters, the nodes of the
    others stay in the remainder. Then the threshold rises from the smallest score, by ``step`` times what it lacks to
    1, and the components of the remainder over edges with at least that score are treated alike; until nothing
    remains. A component that the highest threshold cannot cut, because all its scores are 1, becomes a cluster that is
    too large. (L-GCN would go on for ever; learn-to-cluster makes one cluster of the whole remainder after 100 rounds.)

    Args:
        nodes: their number N. A node without edges is a cluster of its own.
        edges: int [2, E], both ends; a pair may be there several times, in either direction.
        scores: [E], 0..1.
        max_size: nodes that a cluster may have.
        step: 0.001 to 1.
        pool: score of a pair that was predicted several times: ``mean``, ``max``, or ``running_mean``, which L-GCN
            takes, (old + new) / 2 in the order of the edges; with two predictions it is the mean.

    Returns:
        int64 [N], clusters numbered from 0 in the order of their first nodes.

    Raises:
        UserError: a score that is no number of 0..1, settings out of range.
        ValueError: shapes or nodes that do not fit together.
    """
    _check(nodes, edges, scores, max_size, step, pool)
    scores = scores.astype(np.float64)
    low, high, pooled = _pooled(nodes, edges, scores, pool)
    first = np.arange(nodes)  # first node of the cluster of each node
    left = np.ones(nodes, bool)  # nodes of the remainder
    threshold = min(scores.min(), pooled.min()) if len(low) else None
    while left.any():
        component, sizes = _components(nodes, low, high)
        done = left if threshold is None else left & (sizes <= max_size)
        first[done], left = component[done], left & ~done
        stay = left[low]
        low, high, pooled = low[stay], high[stay], pooled[stay]
        threshold = _raised(threshold, step, pooled.min()) if len(low) else None
        if threshold is not None:
            stay = pooled >= threshold
            low, high, pooled = low[stay], high[stay], pooled[stay]
    return np.unique(first, return_inverse=True)[1]


def _raised(threshold: float, step: float, smallest: float) -> float | None:
    """The next threshold that cuts the edge with the smallest score; None if there is none."""
    while threshold <= smallest:
        before, threshold = threshold, threshold + (1 - threshold) * step
        if threshold <= before:
            return None
    return threshold


def _components(nodes: int, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First node and size of the component of each node: int64 [N] both. Edges are sorted by their lower ends."""
    starts = np.searchsorted(low, np.arange(nodes + 1))
    graph = csr_array((np.ones(len(high)), high, starts), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1]
    _, first, sizes = np.unique(component, return_index=True, return_counts=True)
    return first[component], sizes[component]


def _pooled(nodes: int, edges: np.ndarray, scores: np.ndarray, pool: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair once: lower end, higher end, score, [P] each, sorted by both ends."""
    key = np.minimum(edges[0], edges[1]).astype(np.int64)
    key *= nodes
    key += np.maximum(edges[0], edges[1])
    order = np.argsort(key, kind="stable")
    key, scores = key[order], scores[order]
    new = np.ones(len(key), bool)
    new[1:] = key[1:] != key[:-1]
    start = np.flatnonzero(new)
    number = np.diff(start, append=len(key))
    low, high = np.divmod(key[start], max(1, nodes))
    return low, high, _pool(scores, start, number, pool)


def _pool(scores: np.ndarray, start: np.ndarray, number: np.ndarray, pool: str) -> np.ndarray:
    """One score for each pair, whose scores are ``number`` ones from ``start``."""
    if not len(scores):
        return scores
    if pool == "max":
        return np.maximum.reduceat(scores, start)
    if pool == "mean":
        return np.add.reduceat(scores, start) / number
    pooled = scores[start]
    for place in range(1, number.max()):
        more = np.flatnonzero(number > place)
        pooled[more] = (pooled[more] + scores[start[more] + place]) / 2
    return pooled


def _check(nodes: int, edges: np.ndarray, scores: np.ndarray, max_size: int, step: float, pool: str) -> None:
    if edges.shape != (2, len(scores)):
        raise ValueError(f"edges of shape {edges.shape} with {len(scores)} scores")
    if edges.size and not 0 <= edges.min() <= edges.max() < nodes:
        raise ValueError(f"edges between {nodes} nodes name node {edges.min()} or {edges.max()}")
    check_probabilities(scores, "edges")
    if max_size < 1:
        raise UserError(f"max_size is {max_size}", expected="the number of images that a cluster may have, at least 1")
    if not 0.001 <= step <= 1:
        raise UserError(f"step is {step}", expected="a number of 0.001 to 1")
    if pool not in POOLS:
        raise UserError(f"pool is {pool}", expected=f"one of {', '.join(POOLS)}")
