"""Sparse re-ranking against the dense algorithm, written here with plain sets and matrices."""

import functools

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.retrieval import rerank
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import nearest_neighbours
from purereid.retrieval.rerank import reranked_blocks, reranked_distances


def dense(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int, weight: float) -> np.ndarray:
    """The paper's algorithm on features."""
    features = np.concatenate([query, gallery]).astype(np.float64)
    return dense_of_distances(2 - 2 * features @ features.T, len(query), k1, k2, weight)


def dense_of_distances(distances: np.ndarray, queries: int, k1: int, k2: int, weight: float) -> np.ndarray:
    """The paper's algorithm on full matrices in float64."""
    distances = distances.astype(np.float64)
    np.fill_diagonal(distances, 0)
    distances /= distances.max(axis=1, keepdims=True)
    count, half = len(distances), round(k1 / 2)
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
    result = np.empty((queries, count - queries))
    for i in range(queries):
        for j in range(count - queries):
            minima = np.minimum(V[i], V[queries + j]).sum()
            result[i, j] = (1 - weight) * (1 - minima / (2 - minima)) + weight * distances[i, queries + j]
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


def cosines(features: np.ndarray) -> np.ndarray:
    return 1 - features @ features.T


def of_distances(distances: np.ndarray, queries: int, **settings: float) -> np.ndarray:
    parts = distances[:queries, queries:], distances[:queries, :queries], distances[queries:, queries:]
    return np.concatenate([block.copy() for block in reranked_distances(*parts, **settings)])


@pytest.mark.parametrize(
    ("k1", "k2", "weight"),
    [(20, 6, 0.3), (7, 3, 0.3), (5, 1, 0.0), (10, 4, 1.0), (1, 1, 0.3), (5, 12, 0.3), (150, 6, 0.3)],
)
@pytest.mark.parametrize("levels", [6, 40, 10**6])
def test_given_distances_equal_the_dense_algorithm(levels: int, k1: int, k2: int, weight: float):
    """Also where many are equal, and no metric is behind them."""
    rng = np.random.default_rng(k1)
    distances = rng.integers(1, levels, (108, 108)).astype(np.float32)
    distances = np.minimum(distances, distances.T)
    found = of_distances(distances, 25, k1=k1, k2=k2, distance_weight=weight)
    np.testing.assert_allclose(found, dense_of_distances(distances, 25, k1, k2, weight), atol=1e-5)


@pytest.mark.parametrize(("k1", "k2"), [(20, 6), (7, 1), (200, 3)])
def test_given_cosine_distances_equal_the_features(k1: int, k2: int):
    features = clusters(8)
    expected = sparse(features[:25], features[25:], k1=k1, k2=k2)
    np.testing.assert_allclose(of_distances(cosines(features), 25, k1=k1, k2=k2), expected, atol=1e-5)
    np.testing.assert_allclose(of_distances(2 * cosines(features), 25, k1=k1, k2=k2), expected, atol=1e-5)


def test_more_images_than_are_looked_at_at_a_time(monkeypatch: pytest.MonkeyPatch):
    features = clusters(9, people=40)
    expected = of_distances(cosines(features), 50)
    monkeypatch.setattr("purereid.retrieval.given_distances.CHUNK_BYTES", 3 * 4 * 360)
    monkeypatch.setattr(rerank, "CHUNK", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    np.testing.assert_array_equal(of_distances(cosines(features), 50, memory=7 * 4 * 310), expected)
    np.testing.assert_allclose(expected, dense(features[:50], features[50:], 20, 6, 0.3), atol=1e-5)


def test_given_distances_stay_as_they_are_and_their_diagonals_are_not_looked_at():
    distances = cosines(clusters(10))
    expected = of_distances(distances, 20)
    np.fill_diagonal(distances, np.nan)
    before = distances.copy()
    np.testing.assert_array_equal(of_distances(distances, 20), expected)
    np.testing.assert_array_equal(distances, before)
    np.testing.assert_array_equal(of_distances(np.asfortranarray(distances, np.float64), 20), expected)


def test_images_that_are_all_at_distance_0():
    np.testing.assert_allclose(of_distances(np.zeros((8, 8), np.float32), 3, k2=1), 0, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("row", "column"), [(3, 5), (3, 90), (80, 90)])
def test_given_distances_must_be_finite(row: int, column: int, bad: float):
    distances = cosines(clusters(5))
    distances[row, column] = distances[column, row] = bad
    with pytest.raises(ValueError, match="not a finite number"):
        of_distances(distances, 20)


@pytest.mark.parametrize(
    "shapes", [((3, 5), (3, 3), (4, 4)), ((3, 5), (5, 5), (5, 5)), ((5, 3), (3, 3), (5, 5)), ((3,), (3, 3), (5, 5))]
)
def test_given_distances_must_fit_together(shapes: tuple[tuple[int, ...], ...]):
    with pytest.raises(ValueError, match="do not fit together"):
        next(reranked_distances(*map(np.ones, shapes)))


def test_given_distances_without_queries_or_gallery_and_numbers_out_of_range():
    distances = cosines(clusters(5))
    nothing = [np.empty((0, 9)), np.empty((0, 0)), np.ones((9, 9))]
    assert list(reranked_distances(*nothing)) == list(reranked_distances(nothing[0].T, nothing[2], nothing[1])) == []
    for settings in ({"k1": 0}, {"k2": 0}):
        with pytest.raises(ValueError, match="20 queries among 108 images"):
            of_distances(distances, 20, **settings)


@pytest.mark.parametrize("block", [1, 7, 30, 108])
def test_size_of_blocks_and_tiles_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch, block: int):
    features = clusters(3)
    expected = sparse(features[:20], features[20:])
    monkeypatch.setattr(rerank, "nearest_neighbours", functools.partial(nearest_neighbours, block=block))
    monkeypatch.setattr(rerank, "CHUNK", 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = sparse(features[:20], features[20:], memory=3 * 4 * 88)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_other_devices_compute_the_same_distances():
    features = clusters(7)
    expected = sparse(features[:20], features[20:])
    np.testing.assert_allclose(sparse(features[:20], features[20:], device="cpu:0"), expected, atol=1e-6)


def test_duplicates_are_each_their_own_first_neighbour():
    features = clusters(4)
    features = np.concatenate([features, features[:30], features[:30]])
    query, gallery = features[:25], features[25:]
    np.testing.assert_allclose(sparse(query, gallery, k1=6, k2=3), dense(query, gallery, 6, 3, 0.3), atol=1e-5)


@pytest.mark.parametrize(("k1", "k2"), [(7, 3), (20, 6), (50, 60)])
def test_fewer_images_than_neighbours(k1: int, k2: int):
    features = clusters(5, people=2, images=4)
    query, gallery = features[:3], features[3:]
    np.testing.assert_allclose(sparse(query, gallery, k1=k1, k2=k2), dense(query, gallery, k1, k2, 0.3), atol=1e-5)


def test_equal_features_have_equal_distances():
    same = np.tile(clusters(5)[:1], (8, 1))
    np.testing.assert_allclose(sparse(same[:3], same[3:], k2=1), 0, atol=1e-5)
    assert np.isfinite(sparse(same[:3], same[3:])).all()


def test_without_queries_or_gallery_there_is_no_block():
    features = clusters(5)
    assert list(reranked_blocks(features, 0)) == list(reranked_blocks(features, len(features))) == []


@pytest.mark.parametrize("settings", [{"k1": 0}, {"k2": 0}, {"queries": -1}, {"queries": 109}])
def test_refuses_numbers_out_of_range(settings: dict[str, int]):
    with pytest.raises(ValueError, match="queries among 108 images"):
        next(reranked_blocks(clusters(5), **{"queries": 20} | settings))


@pytest.mark.parametrize("bad", [0, np.nan, np.inf, 3])
def test_refuses_features_that_are_not_of_length_1(bad: float):
    features = clusters(5)
    features[30] *= bad
    with np.errstate(invalid="ignore"), pytest.raises(UserError, match="have not length 1, the first that of image 30"):
        next(reranked_blocks(features, 20))


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
