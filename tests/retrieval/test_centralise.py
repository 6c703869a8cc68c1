"""Neighbour feature centralisation against plain loops."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.retrieval.centralise import centralise
from purereid.retrieval.distances import normalise


def by_loops(features: np.ndarray, k1: int, k2: int) -> np.ndarray:
    """Each feature and those of its mutual neighbours, in float64."""
    features = features.astype(np.float64)
    similarity = features @ features.T
    count = len(features)
    order = [sorted(set(range(count)) - {i}, key=lambda j, i=i: (-similarity[i, j], j)) for i in range(count)]
    sums = [features[i] + sum(features[j] for j in order[i][:k1] if i in order[j][:k2]) for i in range(count)]
    return np.array([row / np.linalg.norm(row) for row in sums])


def people(seed: int, count: int = 12, images: int = 5, width: int = 16) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.normal(size=(count, width)), images, axis=0)
    return normalise((centres + 0.7 * rng.normal(size=centres.shape)).astype(np.float32))


@pytest.mark.parametrize(("k1", "k2"), [(2, 2), (1, 4), (4, 1), (80, 80)])
def test_equals_plain_loops(k1: int, k2: int):
    features = people(0)
    features[40:43] = features[3]
    before = features.copy()
    np.testing.assert_allclose(centralise(features, k1=k1, k2=k2), by_loops(features, k1, k2), atol=1e-6)
    np.testing.assert_array_equal(features, before)


def test_two_images_meet_in_their_middle():
    features = np.eye(2, dtype=np.float32)
    np.testing.assert_allclose(centralise(features), np.full((2, 2), np.sqrt(0.5)), atol=1e-7)


def test_other_devices_compute_the_same_features():
    features = people(1)
    np.testing.assert_allclose(centralise(features, device="cpu:0"), centralise(features), atol=1e-6)


def test_images_of_a_person_come_closer():
    features, same = people(2), np.repeat(np.arange(12), 5)[:, None] == np.repeat(np.arange(12), 5)
    moved = centralise(features)
    contrast = [(F @ F.T)[same].mean() - (F @ F.T)[~same].mean() for F in (features, moved)]
    assert contrast[1] > contrast[0]


@pytest.mark.parametrize(
    ("features", "settings", "error", "message"),
    [
        (people(3), {"k1": 0}, ValueError, "k1 = 0, k2 = 2"),
        (people(3), {"k2": 0}, ValueError, "k1 = 2, k2 = 0"),
        (people(3) * 2, {}, UserError, "60 features have not length 1"),
        (people(3)[:1], {}, UserError, "1 neighbours of each of 1 images"),
        (np.array([[1, 0], [-1, 0]], np.float32), {}, ValueError, "feature 0 has length 0"),
    ],
)
def test_refuses_bad_input(features: np.ndarray, settings: dict[str, int], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        centralise(features, **settings)
