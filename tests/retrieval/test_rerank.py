"""Sparse re-ranking against the dense algorithm, written here with plain sets and matrices."""

import numpy as np
import pytest

from purereid.retrieval.distances import normalise
from purereid.retrieval.rerank import reranked_blocks


def dense(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int, weight: float) -> np.ndarray:
    """The paper's algorithm on full matrices in float64."""
    features = np.concatenate([query, gallery]).astype(np.float64)
    distances = 2 - 2 * features @ features.T
    np.fill_diagonal(distances, 0)
    distances /= distances.max(axis=1, keepdims=True)
    count, half = len(features), round(k1 / 2)
    order = np.array([sorted(range(count), key=lambda j: (j != i, distances[i, j], j)) for i in range(count)])

    def reciprocal(i: int, k: int) -> set[int]:
        return {j for j in order[i, : k + 1] if i in order[j, : k + 1]}

    V = np.zeros((count, count))
    for i in range(count):
        first = reciprocal(i, k1)
        members = set(first)
        for j in first:
            own = reciprocal(j, half)
            if len(own & first) > 2 / 3 * len(own):
                members |= own
        chosen = sorted(members)
        V[i, chosen] = np.exp(-distances[i, chosen])
        V[i] /= V[i].sum()
    if k2 > 1:
        V = np.array([V[order[i, :k2]].mean(axis=0) for i in range(count)])
    result = np.empty((len(query), len(gallery)))
    for i in range(len(query)):
        for j in range(len(gallery)):
            minima = np.minimum(V[i], V[len(query) + j]).sum()
            result[i, j] = (1 - weight) * (1 - minima / (2 - minima)) + weight * distances[i, len(query) + j]
    return result


def clusters(seed: int, people: int = 12, images: int = 9, width: int = 16, noise: float = 0.6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, width))
    features = np.repeat(centres, images, axis=0) + noise * rng.normal(size=(people * images, width))
    return normalise(rng.permutation(features).astype(np.float32))


def sparse(query: np.ndarray, gallery: np.ndarray, **settings: float) -> np.ndarray:
    features = np.concatenate([query, gallery])
    return np.concatenate([block.copy() for block in reranked_blocks(features, len(query), **settings)])


@pytest.mark.parametrize(
    ("k1", "k2", "weight"),
    [(20, 6, 0.3), (7, 3, 0.3), (5, 1, 0.0), (10, 4, 1.0), (23, 6, 0.5), (1, 1, 0.3), (5, 12, 0.3)],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_the_dense_algorithm(seed: int, k1: int, k2: int, weight: float):
    features = clusters(seed)
    query, gallery = features[:25], features[25:]
    found = sparse(query, gallery, k1=k1, k2=k2, distance_weight=weight)
    np.testing.assert_allclose(found, dense(query, gallery, k1, k2, weight), atol=1e-5)


def test_block_size_does_not_matter():
    features = clusters(3)
    whole = sparse(features[:20], features[20:])
    small = sparse(features[:20], features[20:], memory=3 * 4 * 88)
    np.testing.assert_allclose(small, whole, atol=1e-6)


def test_duplicates_are_each_their_own_first_neighbour():
    features = clusters(4)
    features = np.concatenate([features, features[:30]])
    found = sparse(features[:10], features[10:])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[np.arange(10), 98 + np.arange(10)], 0, atol=0.2)


def test_fewer_images_than_k1_and_equal_features_give_finite_distances():
    features = clusters(5, people=2, images=4)
    assert np.isfinite(sparse(features[:3], features[3:], k1=50, k2=60)).all()
    same = np.tile(features[:1], (8, 1))
    assert np.isfinite(sparse(same[:3], same[3:])).all()


def test_it_helps_on_clusters():
    rng = np.random.default_rng(6)
    people = rng.permutation(np.repeat(np.arange(12), 9))
    features = rng.normal(size=(12, 16))[people] + 0.9 * rng.normal(size=(108, 16))
    features = normalise(features.astype(np.float32))
    query, gallery = features[:30], features[30:]

    def mean_ap(distances: np.ndarray) -> float:
        values = []
        for i, row in enumerate(distances):
            places = np.flatnonzero(people[30:][np.argsort(row, kind="stable")] == people[i]) + 1
            values.append(np.mean(np.arange(1, len(places) + 1) / places))
        return float(np.mean(values))

    assert mean_ap(sparse(query, gallery, k1=8, k2=4)) > mean_ap(1 - query @ gallery.T)
