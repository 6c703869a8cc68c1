"""Purification by clusters, against the definition."""

from collections import Counter

import numpy as np
import pytest

from purereid.purification.purifiers.clusters import purify_clusters


def slow(pids, clusters, smallest):
    """Kept and score of each image."""
    result = []
    for pid, cluster in zip(pids, clusters, strict=True):
        people = Counter(other for other, place in zip(pids, clusters, strict=True) if place == cluster)
        most = max(people.values())
        majority = min(person for person, number in people.items() if number == most)
        score = 2 * people[pid] / (sum(people.values()) + list(pids).count(pid))
        result.append((pid == majority and people[pid] >= smallest, score))
    return result


def names(number):
    return [f"{row}.png" for row in range(number)]


@pytest.mark.parametrize("seed", range(30))
def test_random_clusters(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(1, 60))
    pids, clusters = (rng.integers(-1, rng.integers(1, 12), number) for _ in range(2))
    smallest = int(rng.integers(1, 4))
    table = purify_clusters(names(number), pids, clusters, smallest=smallest)
    expected = slow(pids.tolist(), clusters.tolist(), smallest)
    assert table["kept"].tolist() == [kept for kept, _ in expected]
    np.testing.assert_allclose(table["score"], [score for _, score in expected])


def test_the_smallest_pid_has_a_cluster_of_equals():
    for pids in ([8, 3, 8, 3], [3, 3, 8, 8], [8, 8, 3, 3]):
        table = purify_clusters(names(4), np.array(pids), np.zeros(4, int))
        assert table["kept"].tolist() == [pid == 3 for pid in pids]


def test_words_and_scores():
    pids, clusters = np.array([1, 1, 1, 2, 2, 1]), np.array([5, 5, 5, 5, 7, 9])
    table = purify_clusters(names(6), pids, clusters)
    assert table["reason"].tolist()[2:5] == [
        "3 of 4 images of its cluster are of its identity",
        "1 of 4 images of its cluster are of its identity; the cluster is that of pid 1",
        "in a cluster of its own",
    ]
    assert table["kept"].tolist() == [True, True, True, False, True, True]
    assert table["score"].tolist() == [6 / 8] * 3 + [2 / 6, 2 / 3, 2 / 5]


def test_words_of_a_tie():
    table = purify_clusters(names(2), np.array([4, 2]), np.array([0, 0]))
    words = "1 of 2 images of its cluster are of its identity"
    assert table["reason"].tolist() == [f"{words}; the cluster is that of pid 2", words]


def test_clusters_of_few_can_be_dropped():
    pids, clusters = np.array([1, 1, 1, 2]), np.array([0, 0, 1, 2])
    assert purify_clusters(names(4), pids, clusters, smallest=2)["kept"].tolist() == [True, True, False, False]
    assert not purify_clusters(names(4), pids, clusters, smallest=3)["kept"].any()  # a result, not a crash


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 images, 3 identities, 3 clusters"):
        purify_clusters(names(2), np.zeros(3, int), np.zeros(3, int))
