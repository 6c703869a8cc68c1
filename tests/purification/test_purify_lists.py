"""The published rule of purification and its strict variant, against the definition."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.purification.purifiers.published import purify_published
from purereid.purification.purifiers.strict import purify_strict


def slow_preserved(pids, lists, overlap=0.1):
    """The preserved set of each identity, word by word."""
    preserved = {}
    for pid in dict.fromkeys(pids):
        images = [image for image in range(len(pids)) if pids[image] == pid]
        longest = max((lists[image] for image in images), key=len)  # the first on ties
        preserved[pid] = set()
        for image in images:
            common, union = set(longest) & set(lists[image]), set(longest) | set(lists[image])
            if longest and len(common) / (len(union) + 1e-4) >= overlap:
                preserved[pid] |= set(lists[image])
    return preserved


def links_of(lists):
    """Links in which exactly the given lists are predicted."""
    number = len(lists)
    indices = np.array([[other for other in range(number) if other != image] for image in range(number)], np.int32)
    named = [[other in lists[image] for other in indices[image]] for image in range(number)]
    return indices.reshape(number, -1), np.where(named, 0.9, 0.1).astype(np.float32).reshape(number, -1)


def names(number):
    return [f"{row}.png" for row in range(number)]


def kept(rule, pids, lists, **settings):
    return np.flatnonzero(rule(names(len(pids)), np.array(pids), *links_of(lists), **settings)["kept"]).tolist()


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_give_the_sets_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(2, 60))
    pids = rng.integers(0, rng.integers(1, 15), number) * 7 - 1
    k = int(rng.integers(1, min(number - 1, 14) + 1))
    indices = np.stack([rng.permutation(np.delete(np.arange(number), row))[:k] for row in range(number)])
    probability = rng.choice([0, 0.25, 0.5, 0.75, 1], (number, k), p=rng.dirichlet(np.ones(5))).astype(np.float32)
    lists = [indices[row][probability[row] > 0.5].tolist() for row in range(number)]
    preserved = slow_preserved(pids.tolist(), lists)
    everywhere = set().union(*preserved.values())
    published = purify_published(names(number), pids, indices.astype(np.int32), probability)
    strict = purify_strict(names(number), pids, indices.astype(np.int32), probability)
    assert published["kept"].tolist() == [image in everywhere for image in range(number)]
    assert strict["kept"].tolist() == [image in preserved[pid] for image, pid in enumerate(pids)]
    assert published["image"].tolist() == names(number) and published["pid"].tolist() == pids.tolist()
    for table in (published, strict):
        np.testing.assert_array_equal(table["score"] > 0, table["kept"])


def test_an_image_that_no_list_names_is_dropped_whatever_its_own_list_says():
    assert kept(purify_published, [1, 1, 1], [[1, 2], [2], [1]]) == [1, 2]


def test_links_are_directed():
    assert kept(purify_published, [1, 1], [[1], []]) == [1]


def test_members_of_another_identity_stay_unless_the_rule_is_strict():
    pids, lists = [1, 1, 1, 2], [[1, 3], [0, 3], [], []]  # no list of identity 2
    assert kept(purify_published, pids, lists) == [0, 1, 3]
    assert kept(purify_strict, pids, lists) == [0, 1]


def test_the_first_of_equally_long_lists_is_the_measure():
    pids = [1, 1, 2, 2, 3, 3]
    assert kept(purify_published, pids, [[2, 3], [4, 5], [], [], [], []]) == [2, 3]
    assert kept(purify_published, pids, [[], [4, 5], [], [], [], []]) == [4, 5]


def test_first_means_first_in_the_input_not_among_neighbours_or_names():
    pids = [9, 4, 9, 4]
    assert kept(purify_published, pids, [[1], [2], [3], [0]]) == [1, 2]


def test_one_in_common_out_of_ten_is_too_little_out_of_nine_enough():
    long = list(range(2, 10))  # 8 images
    for others, expected in (([9, 10], [*range(2, 11)]), ([9, 10, 11], [*range(2, 10)])):
        lists = [long, others] + [[]] * 12
        assert kept(purify_published, [1, 1] + [2] * 12, lists) == expected


def test_an_identity_of_one_image_is_kept_by_others_alone():
    pids = [1, 2, 2]
    assert kept(purify_published, pids, [[1], [0], []]) == [0, 1]
    assert kept(purify_strict, pids, [[1], [0], []]) == []
    table = purify_strict(names(3), np.array(pids), *links_of([[1], [0], []]))
    assert table["reason"][0] == "named only by 1 accepted list of other identities; the only image of its identity"


def test_no_links_keep_nothing():
    table = purify_published(names(3), np.array([1, 1, 2]), *links_of([[], [], []]))
    assert not table["kept"].any() and (table["score"] == 0).all()
    assert table["reason"].tolist()[:2] == ["no list names it"] * 2


def test_a_single_image_is_dropped():
    table = purify_published(["a"], np.array([5]), np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32))
    assert table["kept"].tolist() == [False]


def test_scores_and_reasons():
    pids = np.array([1, 1, 1, 2, 3, 3, 3])
    lists = [[1, 2, 3], [0, 2], [1], [4], [1, 5, 6], [2], []]
    table = purify_published(names(7), pids, *links_of(lists))
    assert table["reason"].tolist() == [
        "named by 1 accepted list of its identity",
        "named by 2 accepted lists of its identity and 1 of others",
        "named by 2 accepted lists of its identity",
        "named only by 1 accepted list of other identities; the only image of its identity",
        "named only by 1 accepted list of other identities",
        "named by 1 accepted list of its identity",
        "named by 1 accepted list of its identity",
    ]
    np.testing.assert_allclose(table["score"], 0.9 * np.array([1, 3, 2, 1, 1, 1, 1]), rtol=1e-6)
    strict = purify_strict(names(7), pids, *links_of(lists))
    np.testing.assert_allclose(strict["score"], 0.9 * np.array([1, 2, 2, 0, 0, 1, 1]), rtol=1e-6)
    dropped = purify_published(names(4), np.array([1, 1, 2, 2]), *links_of([[1, 2], [3], [], []]))
    assert dropped["reason"][3] == "named by 1 list, none of them accepted"


def test_other_thresholds():
    pids, lists = [1, 1, 1, 2], [[1, 2], [2, 3], [], []]  # overlap 1/3
    assert kept(purify_published, pids, lists, overlap=0.4) == [1, 2]
    assert kept(purify_published, pids, lists, overlap=0.3) == [1, 2, 3]
    assert kept(purify_published, pids, lists, threshold=0.95) == []
    assert kept(purify_published, pids, lists, threshold=0.0) == [0, 1, 2, 3]


def test_a_probability_of_exactly_the_threshold_is_no_link():
    indices = np.array([[1], [0]], np.int32)
    table = purify_published(["a", "b"], np.array([1, 1]), indices, np.array([[0.5], [0.5000001]], np.float32))
    assert table["kept"].tolist() == [True, False]


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.1, np.inf])
def test_probabilities_that_are_none_are_told(bad):
    indices, probability = links_of([[1], [2], [0]])
    probability[1, 0] = bad
    with pytest.raises(UserError, match=r"1 of 6 links have a probability that is no number of 0 to 1[\s\S]*row 1"):
        purify_published(names(3), np.array([1, 1, 1]), indices, probability)


def test_links_that_do_not_fit_are_told():
    indices, probability = links_of([[1], [2], [0]])
    for rule in (purify_published, purify_strict):
        with pytest.raises(ValueError, match=r"identities of shape \(2,\) for 3 images"):
            rule(names(2), np.array([1, 1]), indices, probability)
        with pytest.raises(ValueError, match="its own neighbour"):
            rule(names(3), np.array([1, 1, 1]), np.zeros_like(indices), probability)
        with pytest.raises(ValueError, match="links between 3 images name image 1 or 3"):
            rule(names(3), np.array([1, 1, 1]), indices + 1, probability)
        with pytest.raises(ValueError, match="with probabilities of shape"):
            rule(names(3), np.array([1, 1, 1]), indices, probability[:, :1])
