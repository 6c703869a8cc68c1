"""Generated images and their identities, by features."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.quality.consistency import cosines, distances_to_centres, nearest_centres


def test_cosines_row_by_row():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 16)).astype(np.float32)
    expected = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(cosines(first, second), expected, atol=1e-6)
    np.testing.assert_allclose(cosines(first, 7 * first), 1, atol=1e-6)
    np.testing.assert_allclose(cosines(first, -first), -1, atol=1e-6)


def test_distances_to_centres():
    rng = np.random.default_rng(1)
    real, real_pids = rng.normal(size=(9, 4)).astype(np.float32), np.array([5, 2, 5, 9, 2, 2, 9, 5, 11])
    scored, pids = rng.normal(size=(4, 4)).astype(np.float32), np.array([9, 2, 2, 11])
    expected = []
    for feature, pid in zip(scored, pids, strict=True):
        units = [row / np.linalg.norm(row) for row, owner in zip(real, real_pids, strict=True) if owner == pid]
        expected.append(np.sum((feature / np.linalg.norm(feature) - np.mean(units, axis=0)) ** 2))
    np.testing.assert_allclose(distances_to_centres(scored, pids, real, real_pids), expected, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_nearest_centres(seed):
    rng = np.random.default_rng(seed)
    real, real_pids = rng.normal(size=(30, 4)).astype(np.float32), rng.permutation(np.arange(30) % 6) * 3
    scored = rng.normal(size=(20, 4)).astype(np.float32)
    expected = []
    for feature in scored:
        distances = []
        for pid in range(0, 18, 3):
            units = [row / np.linalg.norm(row) for row, owner in zip(real, real_pids, strict=True) if owner == pid]
            distances.append(np.sum((feature / np.linalg.norm(feature) - np.mean(units, axis=0)) ** 2))
        expected.append(3 * int(np.argmin(distances)))
    found = nearest_centres(scored, real, real_pids)
    assert found.tolist() == expected and found.dtype == np.int64


def test_nearest_centres_count_the_centre_s_length_and_prefer_the_smaller_identity():
    up, right = [0.0, 1.0], [1.0, 0.0]
    scored = np.array([[3.0, 4.0], right], np.float32)
    # pid 8 is seen above and below, so that its centre is the origin: nearer than one at an angle above 60 degrees
    real, real_pids = np.array([[0, -1], up, up, up, [-1, 0]], np.float32), np.array([8, 8, 7, 4, 9])
    assert nearest_centres(scored, real, real_pids).tolist() == [4, 8]


def test_bounds():
    real = np.array([[3.0, 0.0]])
    scored = np.array([[0.5, 0.0], [-2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(distances_to_centres(scored, np.zeros(3), real, np.zeros(1)), [0, 4, 2], atol=1e-6)


def test_bad_input_is_told():
    features = np.eye(3, dtype=np.float32)
    with pytest.raises(UserError, match=r"2 identities have no real image[\s\S]*pid 7"):
        distances_to_centres(features, np.array([1, 7, 8]), features, np.array([1, 2, 3]))
    with pytest.raises(ValueError, match="feature 1 has length 0"):
        cosines(features, np.diag([1, 0, 1]))
    for arguments in ((np.zeros((1, 3)), features), (features[:1], np.diag([0, 1, 1]))):
        with pytest.raises(ValueError, match="feature 0 has length 0"):
            nearest_centres(*arguments, np.arange(3))
