"""Which pairs FD-GAN learns from."""

import numpy as np
import pytest

from purereid.errors import UserError
from purereid.systems.fdgan.pairs import Pairs

PIDS = np.array([7, 7, 7, 3, 3, 9, 9, 9, 9, 1])  # one person has a single image


@pytest.fixture
def pairs() -> Pairs:
    return Pairs(PIDS, anchors=2, negatives=3, seed=0)


def test_each_anchor_has_a_pair_of_its_person_and_then_some_of_others(pairs: Pairs):
    assert pairs.size == 8 and pairs.same.tolist() == [True, False, False, False] * 2
    for step in range(20):
        rows = pairs.batch(step)
        assert rows.shape == (8, 2)
        for own in rows.reshape(2, 4, 2):
            anchors, partners = own.T
            assert len(set(anchors)) == 1 and partners[0] != anchors[0]
            assert PIDS[partners[0]] == PIDS[anchors[0]] and (PIDS[partners[1:]] != PIDS[anchors[0]]).all()
            assert len(set(partners[1:])) == 3


def test_each_image_with_a_partner_is_an_anchor_once_an_epoch(pairs: Pairs):
    assert pairs.batches_per_epoch == 5  # 9 anchors, the last batch is filled up
    for epoch in range(2):
        anchors = np.concatenate([pairs.batch(step)[::4, 0] for step in range(5 * epoch, 5 * epoch + 5)])
        assert sorted(anchors[:9]) == list(range(9)) and anchors[9] == anchors[0]
    assert not np.array_equal(pairs.batch(0), pairs.batch(5))


def test_a_batch_depends_on_the_step_and_the_seed_alone(pairs: Pairs):
    later = pairs.batch(7)
    np.testing.assert_array_equal(Pairs(PIDS, anchors=2, negatives=3, seed=0).batch(7), later)
    other = Pairs(PIDS, anchors=2, negatives=3, seed=1)
    anchors = [[each.batch(step)[::4, 0].tolist() for step in range(5)] for each in (pairs, other)]
    assert anchors[0] != anchors[1]


def test_partners_are_drawn_anew_in_each_step_and_by_each_seed():
    pids, places = np.repeat([0, 1], 50), set()  # so that each image has as many others
    for seed in (1, 2):
        for step in range(3):
            rows = Pairs(pids, anchors=8, negatives=1, seed=seed).batch(step)[::2]
            places.add(
                tuple(partner % 50 - (partner > image) for image, partner in rows.tolist())
            )  # among these others
    assert len(places) == 6


def test_an_epoch_may_have_fewer_batches():
    assert Pairs(PIDS, anchors=2, negatives=3, seed=0, batches_per_epoch=2).batches_per_epoch == 2


def test_partners_are_drawn_from_all(pairs: Pairs):
    found = {tuple(row) for step in range(300) for row in pairs.batch(step)[pairs.same]}
    assert found == {(a, b) for a in range(10) for b in range(10) if a != b and PIDS[a] == PIDS[b]}
    strangers = {row[1] for step in range(300) for row in pairs.batch(step)[~pairs.same] if row[0] == 0}
    assert strangers == set(range(3, 10))


def test_targets_show_the_person_in_another_image_and_one_person_has_one(pairs: Pairs):
    seen = set()
    for step in range(200):
        rows = pairs.batch(step)
        targets = pairs.targets(step, rows)
        assert (PIDS[targets] == PIDS[rows]).all()
        assert (targets[pairs.same, 0] == targets[pairs.same, 1]).all()
        apart = targets[~pairs.same], rows[~pairs.same]
        assert ((apart[0] != apart[1]) | (apart[1] == 9)).all()  # itself only where there is no other
        assert (targets[pairs.same, 0] != rows[pairs.same, 0]).all()
        seen |= {(source, target) for source, target in zip(rows[:, 0], targets[:, 0], strict=True)}
    assert {(0, 1), (0, 2)} <= seen
    np.testing.assert_array_equal(pairs.targets(199, rows), targets)
    assert not np.array_equal(pairs.targets(198, rows), targets)
    assert not np.array_equal(Pairs(PIDS, anchors=2, negatives=3, seed=1).targets(199, rows), targets)


def test_data_without_pairs_is_refused():
    with pytest.raises(UserError, match="no person has two training images"):
        Pairs(np.arange(5), anchors=2, negatives=3, seed=0)
    with pytest.raises(UserError, match="3 images of others are paired with each image, and of some there are 2"):
        Pairs(np.array([1, 1, 2, 2]), anchors=1, negatives=3, seed=0)
