"""Batches: composition, fairness, determinism, fixed real share."""

import numpy as np
import pytest

from purereid.data.samplers import Batches
from purereid.errors import UserError

LABELS = np.repeat(np.arange(10), [3, 4, 4, 5, 8, 8, 2, 1, 9, 12])


def batches(labels: np.ndarray = LABELS, generated: int = 0, **options: object) -> Batches:
    marks = np.concatenate([np.zeros(len(labels), bool), np.ones(generated, bool)])
    labels = np.concatenate([labels, np.full(generated, -1)])
    return Batches(labels, marks, **({"identities": 4, "images_per_identity": 3, "seed": 5} | options))


def test_each_batch_has_p_identities_with_k_images_each():
    sampler = batches()
    for step in range(5 * sampler.batches_per_epoch):
        labels = LABELS[sampler.batch(step)]
        assert len(labels) == 12
        assert sorted(np.unique(labels, return_counts=True)[1]) == [3, 3, 3, 3]


def test_images_repeat_only_where_an_identity_has_fewer_than_k():
    sampler = batches()
    for step in range(3 * sampler.batches_per_epoch):
        rows = sampler.batch(step)
        for label in np.unique(LABELS[rows]):
            own = rows[LABELS[rows] == label]
            assert len(set(own)) == 3 or (label == LABELS).sum() < 3


def test_length_of_an_epoch_and_use_of_all_identities():
    sampler = batches()
    groups = sum(max(1, (label == LABELS).sum() // 3) for label in range(10))
    assert sampler.batches_per_epoch == groups // 4
    seen = np.concatenate([sampler.batch(step) for step in range(8 * sampler.batches_per_epoch)])
    assert set(LABELS[seen]) == set(range(10))


def test_a_batch_depends_on_its_step_alone():
    forward, backward = batches(), batches()
    steps = list(range(20))
    first = {step: forward.batch(step) for step in steps}
    second = {step: backward.batch(step) for step in reversed(steps)}
    assert all((first[step] == second[step]).all() for step in steps)
    other = batches(seed=6)
    assert any((first[step] != other.batch(step)).any() for step in steps)


def test_shuffle_takes_each_image_once_per_epoch():
    sampler = batches(np.arange(48) % 6, sampler="shuffle", images_per_identity=2, identities=4)
    assert sampler.batches_per_epoch * 8 == 48
    rows = np.concatenate([sampler.batch(step) for step in range(sampler.batches_per_epoch)])
    assert sorted(rows) == list(range(48))


def test_generated_images_are_added_and_leave_the_real_part_alone():
    plain, mixed = batches(), batches(generated=7, generated_per_batch=5)
    assert mixed.batches_per_epoch == plain.batches_per_epoch and mixed.size == plain.size + 5
    for step in range(10):
        assert (mixed.batch(step)[:12] == plain.batch(step)).all()
    drawn = np.concatenate([mixed.batch(step)[12:] for step in range(7)])
    assert set(drawn) == set(range(len(LABELS), len(LABELS) + 7))
    assert set(np.unique(drawn, return_counts=True)[1]) == {5}


def test_too_few_identities_are_told():
    with pytest.raises(UserError, match=r"10 training identities, but a batch takes 11[\s\S]*identities_per_batch"):
        batches(identities=11)


def test_missing_generated_images_are_told():
    with pytest.raises(UserError, match="4 generated images per batch asked for, but there are none"):
        batches(generated_per_batch=4)
