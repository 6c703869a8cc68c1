"""The ranking that a verifier orders, against loops."""

import numpy as np
import pytest

from purereid.retrieval.ranking import rank_blocks
from purereid.retrieval.verified import verified_blocks


def different(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities that order otherwise than the distance."""
    return -np.log(1 + np.exp(3 * np.sin(5 * (first * second).sum(axis=1)))).astype(np.float32)


def slow_order(query: np.ndarray, gallery: np.ndarray, candidates: int) -> list[int]:
    distances = [float(((query.astype(float) - other) ** 2).sum()) for other in gallery]
    order = sorted(range(len(gallery)), key=lambda number: distances[number])
    logarithms = [float(different(query[None], gallery[number][None])[0]) for number in order[:candidates]]
    first = [number for _, number in sorted(zip(logarithms, order[:candidates], strict=True))]
    return first + order[candidates:]


@pytest.mark.parametrize("candidates", [1, 5, 30, 100])
@pytest.mark.parametrize("memory", [2**20, 1])
def test_candidates_by_probability_and_the_others_by_distance(candidates: int, memory: int):
    rng = np.random.default_rng(candidates)
    query, gallery = (rng.normal(size=(count, 6)).astype(np.float32) * 3 for count in (7, 40))
    blocks = [b.copy() for b in verified_blocks(query, gallery, different, candidates=candidates, memory=memory)]
    found = np.concatenate(blocks)
    assert found.dtype == np.float32 and len(blocks) == (7 if memory == 1 else 1)
    for own, row in zip(query, found, strict=True):
        assert np.argsort(row, kind="stable").tolist() == slow_order(own, gallery, candidates)


def test_who_is_certainly_the_same_comes_first_and_certainly_different_last():
    query, gallery = np.zeros((1, 2), np.float32), np.array([[1, 0], [2, 0], [3, 0], [9, 0]], np.float32)
    told = {1.0: -1e-20, 2.0: -90.0, 3.0: -50.0}

    def differ(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.array([told[float(x)] for x in second[:, 0]], np.float32)

    (block,) = verified_blocks(query, gallery, differ, candidates=3)
    assert np.argsort(block[0]).tolist() == [1, 2, 0, 3]
    ranking = rank_blocks([block], np.array([5]), np.array([0, 0, 5, 5]))
    assert ranking.first.tolist() == [2]


@pytest.mark.parametrize("offset", [0, 1000])
def test_images_at_one_distance_are_all_verified_or_none(offset: int):
    query = np.full((1, 1), offset, np.float32)
    gallery = np.array([[3], [1], [2], [2], [2], [1], [3]], np.float32) / 64 + offset
    rows = [
        next(verified_blocks(query, gallery, lambda a, b: -np.ones(len(a), np.float32), candidates=candidates))[0]
        for candidates in (2, 3, 4, 5, 7)
    ]
    assert [np.flatnonzero(row < 0).tolist() for row in rows] == [
        [1, 5],
        [1, 5],
        [1, 5],
        [1, 2, 3, 4, 5],
        list(range(7)),
    ]
    np.testing.assert_allclose(rows[0][[0, 2]], [9 / 8192, 4 / 8192])
