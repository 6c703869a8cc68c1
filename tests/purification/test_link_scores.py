"""Scores of links, by hand and beside a slow count."""

import numpy as np
import pytest

from purereid.purification.link_scores import average_precision, link_scores, precision_recall, same_person, thinned


def test_same_person():
    indices = np.array([[1, 2], [0, 2], [3, 0], [2, 1]])
    assert same_person(indices, np.array([7, 7, 9, 7])).tolist() == [
        [True, False],
        [True, False],
        [False] * 2,
        [False, True],
    ]


def test_scores_by_hand():
    right = np.array([[True, False, True], [False, True, False]])
    probability = np.array([[0.9, 0.8, 0.5], [0.1, 0.6, 0.5]], np.float32)  # one half makes no link
    scores = link_scores(right, probability)
    assert (scores["links"], scores["positives"]) == (6, 0.5)
    assert scores["precision"] == pytest.approx(2 / 3) and scores["recall"] == pytest.approx(2 / 3)
    assert scores["accuracy"] == pytest.approx(4 / 6)
    assert scores["average_precision"] == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)  # the two of 0.5 come together


def test_no_link_made_and_no_link_right():
    right = np.array([True, False])
    nothing = link_scores(right, np.array([0.2, 0.1]))
    assert (nothing["precision"], nothing["recall"], nothing["accuracy"]) == (0, 0, 0.5)
    wrong = link_scores(np.zeros(2, bool), np.array([0.9, 0.1]))
    assert (wrong["precision"], wrong["recall"], wrong["accuracy"], wrong["average_precision"]) == (0, 0, 0.5, 0)


def test_curve_is_that_of_a_slow_count():
    rng = np.random.default_rng(0)
    right, score = rng.random((20, 5)) < 0.4, rng.integers(0, 30, (20, 5)) / 30  # many equal ones
    curve = precision_recall(right, score)
    assert curve.score.tolist() == sorted(set(score.ravel().tolist()), reverse=True)
    for threshold, precision, recall in zip(*curve, strict=True):
        made = score >= threshold
        assert precision == pytest.approx((made & right).sum() / made.sum())
        assert recall == pytest.approx((made & right).sum() / right.sum())
    steps = np.diff(curve.recall, prepend=0)
    assert average_precision(curve) == pytest.approx(
        sum(p * step for p, step in zip(curve.precision, steps, strict=True))
    )


def test_right_order_has_an_average_precision_of_one():
    assert average_precision(precision_recall(np.array([True, True, False]), np.array([-0.2, -0.3, -0.9]))) == 1


def test_thinned_curve_keeps_its_ends_and_shape():
    rng = np.random.default_rng(0)
    right = rng.random(5000) < 0.3
    curve = precision_recall(right, rng.random(5000) + 0.5 * right)
    thin = thinned(curve, 50)
    assert len(thin.recall) <= 50 and np.diff(thin.recall).max() < 0.05
    for whole, part in zip(curve, thin, strict=True):
        assert whole[0] == part[0] and whole[-1] == part[-1] and set(part) <= set(whole)
    assert thinned(thin, 50) is thin


def test_images_of_nobody():
    with pytest.raises(ValueError, match="2 lists of neighbours, 1 images of known persons"):
        same_person(np.array([[1], [0]]), np.array([3, -1]))
