"""Agreement of clusters and identities, against the definitions."""

from itertools import combinations
from math import log

import numpy as np
import pytest

from purereid.purification.cluster_scores import cluster_scores, has_company


def slow_bcubed(pids, clusters):
    number = len(pids)
    precision = recall = 0.0
    for image in range(number):
        cluster = {other for other in range(number) if clusters[other] == clusters[image]}
        person = {other for other in range(number) if pids[other] == pids[image]}
        precision += len(cluster & person) / len(cluster) / number
        recall += len(cluster & person) / len(person) / number
    return precision, recall


def slow_pairwise(pids, clusters):
    pairs = list(combinations(range(len(pids)), 2))
    together = {pair for pair in pairs if clusters[pair[0]] == clusters[pair[1]]}
    belong = {pair for pair in pairs if pids[pair[0]] == pids[pair[1]]}
    right = len(together & belong)
    return right / len(together) if together else 1.0, right / len(belong) if belong else 1.0


def slow_nmi(pids, clusters):
    number = len(pids)
    shares = [{value: list(labels).count(value) / number for value in set(labels)} for labels in (pids, clusters)]
    information = 0.0
    for person in shares[0]:
        for cluster in shares[1]:
            both = sum((p, c) == (person, cluster) for p, c in zip(pids, clusters, strict=True)) / number
            if both:
                information += both * log(both / shares[0][person] / shares[1][cluster])
    entropies = [-sum(share * log(share) for share in labels.values()) for labels in shares]
    return 2 * information / sum(entropies) if sum(entropies) else 1.0


@pytest.mark.parametrize("seed", range(40))
def test_random_clusters(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(1, 40))
    pids, clusters = (rng.integers(-1, rng.integers(0, 12), number) for _ in range(2))
    scores = cluster_scores(pids, clusters)
    pids, clusters = pids.tolist(), clusters.tolist()
    for found, expected in (
        (scores.bcubed, slow_bcubed(pids, clusters)),
        (scores.pairwise, slow_pairwise(pids, clusters)),
    ):
        precision, recall = expected
        f = 2 * precision * recall / (precision + recall) if precision + recall else 0
        np.testing.assert_allclose((found.precision, found.recall, found.f), (precision, recall, f), atol=1e-12)
    np.testing.assert_allclose(scores.nmi, slow_nmi(pids, clusters), atol=1e-9)


def test_perfect_clusters_score_one_whatever_their_numbers():
    scores = cluster_scores(np.array([4, 4, -1, 9, 9, 9]), np.array([2, 2, 7, 0, 0, 0]))
    values = [scores.bcubed.f, scores.pairwise.f, scores.nmi]
    np.testing.assert_allclose(values, 1, atol=1e-12)


def test_a_case_by_hand():
    scores = cluster_scores(np.array([1, 1, 1, 2]), np.array([0, 0, 1, 1]))
    np.testing.assert_allclose((scores.bcubed.precision, scores.bcubed.recall), (3 / 4, 2 / 3))
    np.testing.assert_allclose((scores.pairwise.precision, scores.pairwise.recall), (1 / 2, 1 / 3))


def test_clusters_of_one_image():
    scores = cluster_scores(np.array([1, 1, 2]), np.array([0, 1, 2]))
    assert (scores.bcubed.precision, scores.pairwise.precision, scores.pairwise.recall) == (1, 1, 0)
    assert scores.pairwise.f == 0
    assert cluster_scores(np.array([3]), np.array([3])).nmi == 1


def test_images_without_company_can_be_left_out():
    assert has_company(np.array([5, 3, 5, 9, 3, 5])).tolist() == [True, True, True, False, True, True]


def test_arrays_that_do_not_fit_are_refused():
    for pids, clusters in ((np.zeros(2), np.zeros(3)), (np.zeros(0), np.zeros(0)), (np.zeros((2, 2)),) * 2):
        with pytest.raises(ValueError, match="identities of shape"):
            cluster_scores(pids, clusters)
