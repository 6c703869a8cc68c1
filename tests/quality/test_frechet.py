"""Frechet distance against closed forms and against the formula with matrix roots."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from purereid.errors import UserError
from purereid.quality.frechet import Gaussian, frechet_distance, gaussian


def features(number: int, width: int, seed: int) -> np.ndarray:
    """Correlated features with a mean of their own."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / np.sqrt(width)
    return (rng.normal(size=(number, width)) @ mixing + rng.normal(size=width)).astype(np.float32)


def by_matrix_root(first: np.ndarray, second: np.ndarray) -> float:
    """The published formula, on features."""
    one, two = np.cov(first.astype(np.float64), rowvar=False), np.cov(second.astype(np.float64), rowvar=False)
    shift = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    return float(shift @ shift + np.trace(one) + np.trace(two) - 2 * np.trace(sqrtm(one @ two)).real)


def by_singular_values(first: np.ndarray, second: np.ndarray) -> float:
    """Without a root of a singular matrix: tr (S1 S2)^(1/2) is the sum of the singular values of X1 X2^T."""
    centred = [
        (x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (first.astype(np.float64), second.astype(np.float64))
    ]
    shift = first.mean(axis=0, dtype=np.float64) - second.mean(axis=0, dtype=np.float64)
    overlap = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    return float(shift @ shift + sum(np.square(x).sum() for x in centred) - 2 * overlap)


def test_mean_and_covariance():
    values = features(50, 6, 0)
    found = gaussian(values)
    np.testing.assert_allclose(found.mean, values.mean(axis=0, dtype=np.float64), atol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(values.astype(np.float64), rowvar=False), atol=1e-12)
    assert (found.images, found.mean.dtype, found.covariance.dtype) == (50, np.float64, np.float64)


def test_independent_dimensions():
    rng = np.random.default_rng(0)
    means, variances = rng.normal(size=(2, 5)), rng.uniform(0, 3, size=(2, 5))
    variances[0, 2] = 0
    pair = [Gaussian(mean, np.diag(variance), 100) for mean, variance in zip(means, variances, strict=True)]
    expected = np.square(means[0] - means[1]).sum() + np.square(np.sqrt(variances[0]) - np.sqrt(variances[1])).sum()
    assert frechet_distance(*pair) == pytest.approx(expected, rel=1e-12)


def test_two_dimensions_by_hand():
    one = Gaussian(np.zeros(2), np.array([[5.0, 4.0], [4.0, 5.0]]), 9)  # eigenvalues 9 and 1 along the diagonals
    two = Gaussian(np.array([3.0, 4.0]), np.eye(2), 9)
    assert frechet_distance(one, two) == pytest.approx(25 + 10 + 2 - 2 * (3 + 1))


@pytest.mark.parametrize("width", [3, 64, 192])
def test_equals_the_formula_with_a_matrix_root(width: int):
    first, second = features(500, width, 1), features(400, width, 2)
    found = frechet_distance(gaussian(first), gaussian(second))
    assert found == pytest.approx(by_matrix_root(first, second), rel=1e-8)
    assert found == pytest.approx(frechet_distance(gaussian(second), gaussian(first)), rel=1e-8)


@pytest.mark.parametrize(("few", "many"), [(2, 300), (20, 30), (40, 3)])
def test_fewer_images_than_dimensions(few: int, many: int):
    first, second = features(few, 100, 3), features(many, 100, 4)
    found = frechet_distance(gaussian(first), gaussian(second))
    assert found == pytest.approx(by_singular_values(first, second), rel=1e-6)
    assert gaussian(first).singular
    assert gaussian(features(101, 100, 3)).singular is False
    assert gaussian(features(100, 100, 3)).singular is True


def test_distance_to_itself_is_nothing():
    for number in (10, 500):
        values = gaussian(1000 * features(number, 40, 5))
        assert 0 <= frechet_distance(values, values) < 1e-7 * np.trace(values.covariance)


def test_scale_and_shift():
    first, second = features(300, 8, 6), features(300, 8, 7)
    found = frechet_distance(gaussian(first), gaussian(second))
    assert frechet_distance(gaussian(3 * first + 5), gaussian(3 * second + 5)) == pytest.approx(9 * found, rel=1e-4)


def test_bad_features_are_told():
    values = features(10, 4, 8)
    with pytest.raises(UserError, match=r"Frechet distance of 1 images[\s\S]*at least two"):
        gaussian(values[:1])
    values[3, 1] = np.nan
    values[7, 0] = np.inf
    with pytest.raises(UserError, match=r"2 of 10 features are not finite[\s\S]*feature 3"):
        gaussian(values)
