"""Simple rules of purification: their scores, and keeping a share by them."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.purification.purifiers.centre import centre_scores
from purereid.purification.purifiers.classifier import classifier_scores
from purereid.purification.purifiers.covariance import covariance_scores, matching_order
from purereid.purification.purifiers.mutual import mutual_scores
from purereid.purification.purifiers.random import random_scores
from purereid.purification.purifiers.share import keep_share
from purereid.purification.purifiers.source import source_scores


def names(number):
    return [f"{row}.png" for row in range(number)]


def test_classifier_scores_are_the_probabilities():
    confidence = np.array([0.7, 0, 1, 0.25], np.float32)
    scores = classifier_scores(np.array([3, 9, 3, 5]), confidence)
    assert scores.dtype == np.float64
    np.testing.assert_array_equal(scores, confidence.astype(np.float64))


def test_classifier_scores_refuse_what_is_wrong():
    pids = np.array([3, 9, 4, 4])
    message = r"does not know 2 of 3 identities, such as pid 4\n[\s\S]*embed_generated\.encoder[\s\S]*another rule"
    with pytest.raises(UserError, match=message):
        classifier_scores(pids, np.array([0.1, np.nan, np.nan, 0.5]))
    for wrong in (1.5, -0.25, np.inf):
        with pytest.raises(UserError, match=rf"1 of 4 images have a probability[\s\S]*the first: {wrong} in row 2 "):
            classifier_scores(pids, np.array([0.1, 0.2, wrong, 0.5]))
    with pytest.raises(ValueError, match="3 probabilities of 4 images"):
        classifier_scores(pids, np.full(3, 0.3))


def test_centre_scores_fall_with_the_distance():
    real, real_pids = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), np.array([1, 1, 2])
    scores = centre_scores(np.array([[2.0, 0.0], [3.0, 0.0], [-1.0, 0.0]]), np.array([1, 2, 2]), real, real_pids)
    np.testing.assert_allclose(scores, [-0.5, 0, -4], atol=1e-6)
    with pytest.raises(UserError, match="1 identities have no real image"):
        centre_scores(np.ones((1, 2)), np.array([7]), real, real_pids)


@pytest.mark.parametrize("seed", range(20))
def test_mutual_scores_by_definition(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(2, 30))
    k = int(rng.integers(1, number))
    pids = rng.integers(0, 6, number)
    indices = np.stack([rng.permutation(np.delete(np.arange(number), row))[:k] for row in range(number)])
    near = [set(row.tolist()) for row in indices]
    expected = []
    for image in range(number):
        others = [other for other in range(number) if other != image and pids[other] == pids[image]]
        mutual = [other for other in others if other in near[image] and image in near[other]]
        expected.append(len(mutual) / min(len(others), k) if others else 0)
    np.testing.assert_allclose(mutual_scores(pids, indices.astype(np.int32)), expected)


def test_source_scores_are_cosines():
    features, sources = np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([[-1.0, 0.0], [5.0, 0.0]])
    np.testing.assert_allclose(source_scores(features, sources), [-1, np.sqrt(0.5)], atol=1e-6)


def slow_order(features: np.ndarray, real: np.ndarray) -> list[int]:
    """By the covariances themselves."""
    order = [min(range(len(features)), key=lambda row: ((features[row] - real.mean(axis=0)) ** 2).sum())]
    wanted = np.atleast_2d(np.cov(real.T, bias=True))
    while len(order) < len(features):
        gaps = {
            row: np.linalg.norm(np.atleast_2d(np.cov(features[[*order, row]].T, bias=True)) - wanted)
            for row in range(len(features))
            if row not in order
        }
        order.append(min(gaps, key=gaps.get))
    return order


@pytest.mark.parametrize("seed", range(8))
def test_covariance_is_matched_by_definition(seed):
    rng = np.random.default_rng(seed)
    features, real = (rng.normal(size=(int(rng.integers(2, 9)), 3)).astype(np.float32) for _ in range(2))
    assert matching_order(features, real).tolist() == slow_order(features.astype(float), real.astype(float))
    assert matching_order(features[:1], real[:1]).tolist() == [0]


def test_covariance_scores_are_places_in_each_identity():
    rng = np.random.default_rng(0)
    pids, real_pids = rng.permutation(np.repeat([3, 7], [5, 8])), np.repeat([7, 3, 9], 4)
    features, real = rng.normal(size=(13, 4)), rng.normal(size=(12, 4))
    scores = covariance_scores(features, pids, real, real_pids)
    for pid, number in ((3, 5), (7, 8)):
        order = slow_order(features[pids == pid], real[real_pids == pid])
        np.testing.assert_allclose(scores[pids == pid][order], [1 - place / number for place in range(number)])
    with pytest.raises(UserError, match="1 identities have no real image whose covariance"):
        covariance_scores(features, pids, real[:4], real_pids[:4])


def test_images_that_spread_too_far_are_chosen_last():
    rng = np.random.default_rng(1)
    real, good, bad = rng.normal(size=(30, 6)), rng.normal(size=(12, 6)), 6 * rng.normal(size=(5, 6))
    order = matching_order(np.concatenate([bad, good]), real)
    assert set(order[-5:].tolist()) == set(range(5))


def test_random_scores_depend_on_the_seed_alone():
    first, again, other = (random_scores(50, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and ((first >= 0) & (first < 1)).all()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.73, 1])
def test_the_best_share_is_kept_ties_in_order(share):
    scores = np.random.default_rng(0).integers(0, 5, 40) / 4
    table = keep_share(names(40), np.arange(40), scores, share, "luck")
    best = sorted(range(40), key=lambda row: (-scores[row], row))[: round(40 * share)]
    assert np.flatnonzero(table["kept"]).tolist() == sorted(best)
    np.testing.assert_array_equal(table["score"], scores)


def test_the_share_of_another_rule_keeps_exactly_as_many():
    for number in (1, 3, 7, 49, 1000):
        for kept in range(0, number + 1, max(1, number // 50)):
            table = keep_share(names(number), np.zeros(number), np.zeros(number), kept / number, "luck")
            assert table["kept"].sum() == kept and table["kept"].iloc[:kept].all()


def test_reasons_tell_score_and_place():
    table = keep_share(["a", "b", "c"], np.zeros(3), np.array([0.25, 1, 0.5]), 1 / 3, "luck")
    assert table["reason"].tolist() == [
        "luck 0.250: place 3, the first 1 of 3 are kept",
        "luck 1.000: place 1, the first 1 of 3 are kept",
        "luck 0.500: place 2, the first 1 of 3 are kept",
    ]


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_that_is_none_is_told(share):
    with pytest.raises(UserError, match=f"the share of images to keep is {share}"):
        keep_share(["a"], np.zeros(1), np.zeros(1), share, "luck")


def test_scores_that_are_no_numbers_are_told():
    with pytest.raises(UserError, match=r"2 of 3 scores are not finite numbers[\s\S]*that of b"):
        keep_share(["a", "b", "c"], np.zeros(3), np.array([0, np.nan, np.inf]), 0.5, "luck")
