"""Label propagation against a search node by node, as published, in any order of visits."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.purification.propagation import POOLS, propagate, propagate_links


def slow_pools(edges, scores, pool):
    """Score of each pair, by one edge after the other."""
    found = {}
    for first, second, score in zip(*edges.tolist(), scores.tolist(), strict=True):
        found.setdefault((min(first, second), max(first, second)), []).append(score)
    return {pair: slow_pool(all_of_it, pool) for pair, all_of_it in found.items()}


def slow_pool(scores, pool):
    if pool == "max":
        return max(scores)
    if pool == "mean":
        return sum(scores) / len(scores)
    pooled = scores[0]
    for score in scores[1:]:
        pooled = (pooled + score) / 2
    return pooled


def slow_search(nodes, neighbours, max_size, rng):
    """One round: the search stops when it finds too many nodes or one that was given up; the order is random."""
    result, given_up, unseen = [], set(), set(nodes)
    while unseen:
        start = int(rng.choice(sorted(unseen)))
        group, queue, whole = {start}, [start], True
        unseen.discard(start)
        while queue:
            new = neighbours[queue.pop(int(rng.integers(len(queue))))] - group
            unseen -= new
            group |= new
            queue.extend(new)
            if len(group) > max_size or new & given_up:
                whole = False
                given_up |= group
                break
        if whole:
            result.append(group)
    return result, given_up


def slow_propagation(nodes, edges, scores, max_size, step, pool, rng):
    """Clusters as a set of sets; what no threshold can cut any more is left whole."""
    pooled = slow_pools(edges, scores, pool)
    clusters, remainder, threshold, least = [], set(range(nodes)), scores.min(), -1.0
    while remainder:
        neighbours = {node: set() for node in range(nodes)}
        for (first, second), score in pooled.items():
            if score >= least:
                neighbours[first].add(second)
                neighbours[second].add(first)
        done, remainder = slow_search(remainder, neighbours, max_size, rng)
        clusters += done
        higher = threshold + (1 - threshold) * step
        if higher <= threshold:
            clusters += slow_search(remainder, neighbours, nodes, rng)[0]
            break
        threshold = least = higher
    return {frozenset(cluster) for cluster in clusters}


def partition(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("seed", range(25))
def test_random_graphs(seed, pool):
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(1, 50))
    edges = rng.integers(0, nodes, (2, int(rng.integers(1, 4 * nodes))))
    scores = rng.random(edges.shape[1]) if seed % 2 else rng.choice([0.2, 0.6, 0.84, 1], edges.shape[1])
    settings = {"max_size": int(rng.integers(1, 15)), "step": float(rng.choice([0.05, 0.5, 0.6, 1])), "pool": pool}
    labels = propagate(nodes, edges, scores, **settings)
    for visits in range(3):
        slow = slow_propagation(nodes, edges, scores, **settings, rng=np.random.default_rng(visits))
        assert partition(labels) == slow
    first = [labels.tolist().index(label) for label in range(labels.max() + 1)]
    assert first == sorted(first)  # numbered in the order of their first nodes


@pytest.mark.parametrize("seed", range(10))
def test_links_of_people_give_people(seed):
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.repeat(np.arange(12), 6))
    number, k = len(people), 10
    near = [np.flatnonzero((people == people[row]) & (np.arange(number) != row)) for row in range(number)]
    far = [rng.permutation(np.flatnonzero(people != people[row]))[: k - 5] for row in range(number)]
    indices = np.array([[*a, *b] for a, b in zip(near, far, strict=True)], np.int32)
    same = people[indices] == people[:, None]
    probability = np.where(same, rng.uniform(0.8, 1, same.shape), rng.uniform(0, 0.4, same.shape)).astype(np.float32)
    labels = propagate_links(indices, probability, max_size=6)
    assert partition(labels) == partition(people)
    edges = np.stack([np.repeat(np.arange(number), k), indices.reshape(-1)])
    np.testing.assert_array_equal(labels, propagate(number, edges, probability.reshape(-1), max_size=6))


def test_small_components_are_clusters_whatever_their_scores():
    edges = np.array([[0, 3], [1, 4]])
    assert propagate(6, edges, np.array([0.0, 1.0]), max_size=2).tolist() == [0, 0, 1, 2, 2, 3]


def test_thresholds_rise_from_the_smallest_score():
    chain = np.array([[0, 1, 2], [1, 2, 3]])  # 0 - 1 - 2 - 3, thresholds .2, .52, .712
    assert propagate(4, chain, np.array([0.9, 0.2, 0.51]), max_size=2, step=0.4).tolist() == [0, 0, 1, 2]
    assert propagate(4, chain, np.array([0.9, 0.2, 0.53]), max_size=2, step=0.4).tolist() == [0, 0, 1, 1]


def test_the_ways_to_pool_differ():
    # 0 - 1 was predicted three times; the threshold is .5 after the first round
    edges = np.array([[0, 1, 0, 1], [1, 0, 1, 2]])
    scores = np.array([0.9, 0.5, 0.0, 0.6])
    clusters = {pool: propagate(3, edges, scores, max_size=2, step=0.5, pool=pool).tolist() for pool in POOLS}
    # .4667, .9 and .35: with .9 the threshold rises to .75, which 1 - 2 does not pass
    assert clusters == {"mean": [0, 1, 1], "max": [0, 0, 1], "running_mean": [0, 1, 1]}
    scores = np.array([0.0, 0.5, 0.9, 0.4])
    clusters = {pool: propagate(3, edges, scores, max_size=2, step=0.5, pool=pool).tolist() for pool in POOLS}
    # .4667, .9 and .575
    assert clusters == {"mean": [0, 1, 2], "max": [0, 0, 1], "running_mean": [0, 0, 1]}


@pytest.mark.parametrize("score", [1.0, np.nextafter(1.0, 0), np.nextafter(np.float32(1), np.float32(0))])
@pytest.mark.parametrize("step", [0.05, 0.6, 1.0])
def test_what_cannot_be_cut_ends_the_loop(score, step):
    edges = np.array([[0, 1, 2, 4], [1, 2, 3, 5]])
    labels = propagate(7, edges, np.array([score, score, score, score]), max_size=2, step=step)
    slow = slow_propagation(7, edges, np.full(4, score, np.float64), 2, step, "mean", np.random.default_rng(0))
    assert partition(labels) == slow
    if score == 1:
        assert labels.tolist() == [0, 0, 0, 0, 1, 1, 2]


def test_an_uncut_component_leaves_others_to_be_cut():
    edges = np.array([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    labels = propagate(6, edges, np.array([1, 1, 0.1, 0.5, 0.9]), max_size=2, step=0.5)
    assert labels.tolist() == [0, 0, 0, 1, 2, 2]


def test_no_edges_no_nodes():
    none = np.zeros((2, 0), int)
    assert propagate(3, none, np.zeros(0)).tolist() == [0, 1, 2]
    assert propagate(0, none, np.zeros(0)).tolist() == []
    assert propagate_links(np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32)).tolist() == [0]


def test_bad_input_is_told():
    edges, scores = np.array([[0, 1], [1, 2]]), np.array([0.2, 0.7])
    for settings, message in (
        ({"max_size": 0}, "max_size is 0"),
        ({"step": 0}, r"step is 0[\s\S]*0.001 to 1"),
        ({"step": np.nan}, "step is nan"),
        ({"pool": "median"}, "pool is median[\\s\\S]*mean, max, running_mean"),
    ):
        with pytest.raises(UserError, match=message):
            propagate(3, edges, scores, **settings)
    with pytest.raises(UserError, match="1 of 2 edges have a probability that is no number of 0 to 1"):
        propagate(3, edges, np.array([np.nan, 1]))
    with pytest.raises(ValueError, match="edges between 2 nodes name node 0 or 2"):
        propagate(2, edges, scores)
    with pytest.raises(ValueError, match=r"edges of shape \(2, 2\) with 1 scores"):
        propagate(3, edges, scores[:1])
    with pytest.raises(ValueError, match="its own neighbour"):
        propagate_links(np.zeros((2, 1), np.int32), np.ones((2, 1), np.float32))
