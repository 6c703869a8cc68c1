"""Inception score against its published code's form."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.quality.inception_score import inception_score, mixed


def slow(logits: np.ndarray, splits: int) -> tuple[float, float]:
    """Image by image and class by class."""
    scores, count = [], len(logits)
    for split in range(splits):
        rows = [
            np.exp(row) / np.exp(row).sum() for row in logits[split * count // splits : (split + 1) * count // splits]
        ]
        together = sum(rows) / len(rows)
        divergences = [sum(p * (np.log(p) - np.log(q)) for p, q in zip(row, together, strict=True)) for row in rows]
        scores.append(np.exp(np.mean(divergences)))
    return float(np.mean(scores)), float(np.sqrt(np.mean((np.array(scores) - np.mean(scores)) ** 2)))


@pytest.mark.parametrize(("images", "splits"), [(40, 10), (23, 10), (10, 10), (17, 1), (29, 3)])
def test_equals_the_slow_form(images: int, splits: int):
    logits = np.random.default_rng(images).normal(0, 2, (images, 7)).astype(np.float32)
    assert inception_score(logits, splits) == pytest.approx(slow(logits.astype(np.float64), splits), rel=1e-9)


def test_one_image_per_split_scores_one():
    assert inception_score(np.random.default_rng(0).normal(size=(10, 5))) == pytest.approx((1, 0), abs=1e-12)


def test_extremes():
    undecided = np.zeros((50, 8))
    assert inception_score(undecided) == pytest.approx((1, 0))
    certain = np.tile(1e4 * np.eye(8), (10, 1))  # all probabilities but one underflow to 0
    assert inception_score(certain) == pytest.approx((8, 0))
    assert inception_score(certain + 1e6) == pytest.approx((8, 0))
    sorted_by_class = certain[np.argsort(np.arange(80) % 8, kind="stable")]
    assert inception_score(sorted_by_class, 8) == pytest.approx((1, 0))  # the order of the images matters


def test_mixed_images_stand_in_no_order():
    certain = 1e4 * np.eye(8)[np.repeat(np.arange(8), 100)]
    assert inception_score(certain, 8) == pytest.approx((1, 0))
    found = mixed(certain)
    assert inception_score(found, 8)[0] > 7.5 and np.array_equal(found, mixed(certain))
    assert np.array_equal(found.sum(axis=0), certain.sum(axis=0))


def test_bad_logits_are_told():
    with pytest.raises(UserError, match=r"Inception score of 9 images[\s\S]*at least 10"):
        inception_score(np.zeros((9, 4)))
    logits = np.zeros((20, 4))
    logits[3, 2] = np.nan
    with pytest.raises(UserError, match="not finite"):
        inception_score(logits)
