"""Batches: composition, fairness, determinism, fixed real share."""

from collections.abc import Callable
from functools import partial

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


def test_an_epoch_of_shuffle_has_all_images_whoever_they_show():
    labels = np.repeat([0, 1], [690, 10])
    sampler = batches(labels, sampler="shuffle", identities=4, images_per_identity=4)
    assert sampler.batches_per_epoch == 700 // 16
    seen = np.concatenate([sampler.batch(step) for step in range(43)])
    assert len(set(seen.tolist())) == 43 * 16


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


def test_each_generated_image_comes_once_before_any_comes_again_across_epochs():
    sampler = batches(generated=41, generated_per_batch=3)
    drawn = np.concatenate([sampler.batch(step)[12:] for step in range(41 * 2)])
    for start in range(0, len(drawn), 41):
        assert sorted(drawn[start : start + 41]) == list(range(len(LABELS), len(LABELS) + 41))
    assert (drawn[:41] != drawn[41:82]).any()


def test_the_order_of_generated_images_is_drawn_once_per_round(monkeypatch: pytest.MonkeyPatch):
    sampler = batches(generated=1000, generated_per_batch=5)
    seeds, draw = [], np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: seeds.append(tuple(seed)) or draw(seed))
    for step in range(sampler.batches_per_epoch):
        sampler.batch(step)
    assert seeds == [(5, 0, 0), (5, 1, 0)]


# generated images of some of the ten identities: label and number
MADE = {0: 5, 2: 1, 4: 7, 5: 4, 9: 12}


def matching(made: dict[int, int] = MADE, **options: object) -> tuple[Batches, np.ndarray]:
    """Batches of 12 real and 6 generated images; the generated rows come first in the index."""
    labels = np.concatenate([np.repeat(list(made), list(made.values())), LABELS])
    marks = np.arange(len(labels)) < len(labels) - len(LABELS)
    settings = {"identities": 4, "images_per_identity": 3, "seed": 5, "generated_per_batch": 6}
    return Batches(labels, marks, of_same_identities=True, **(settings | options)), labels


@pytest.mark.parametrize("kind", ["identities", "shuffle"])
def test_generated_images_show_the_identities_of_their_batch_evenly(kind: str):
    sampler, labels = matching(sampler=kind)
    found_all = 0
    for step in range(6 * sampler.batches_per_epoch):
        rows = sampler.batch(step)
        real, generated = rows[:12], rows[12:]
        assert (real >= sum(MADE.values())).all() and (generated < sum(MADE.values())).all()
        possible = set(labels[real]) & set(MADE)
        if possible:
            counts = {label: int((labels[generated] == label).sum()) for label in possible}
            assert sum(counts.values()) == 6 and max(counts.values()) - min(counts.values()) <= 1
        found_all += len(possible) > 1
    assert found_all > 5


def test_an_identity_s_generated_images_come_once_before_any_comes_again():
    sampler, labels = matching()
    for epoch in range(4):
        steps = range(epoch * sampler.batches_per_epoch, (epoch + 1) * sampler.batches_per_epoch)
        taken = [row for step in steps for row in sampler.batch(step)[12:]]
        for label in set(labels[taken]):
            counts = np.unique([row for row in taken if labels[row] == label], return_counts=True)[1]
            assert counts.max() == 1 or (len(counts) == MADE[label] and counts.max() - counts.min() <= 1)


def test_over_the_epochs_all_generated_images_of_an_identity_are_used():
    # every batch has all ten identities and takes one image of six of them
    sampler, _ = matching(dict.fromkeys(range(10), 10), identities=10)
    assert sampler.batches_per_epoch == 1
    assert {row for step in range(200) for row in sampler.batch(step)[30:]} == set(range(100))


def test_a_batch_without_generated_images_of_its_identities_takes_them_from_all():
    sampler, labels = matching({3: 9})
    alone = [sampler.batch(step) for step in range(4 * sampler.batches_per_epoch)]
    alone = [rows for rows in alone if 3 not in labels[rows[:12]]]
    assert len(alone) > 5 and all((labels[rows[12:]] == 3).all() for rows in alone)
    assert set(np.concatenate([rows[12:] for rows in alone])) == set(range(9))


def test_matching_batches_leave_the_real_part_alone_and_depend_on_their_step_alone():
    (forward, labels), (backward, _), plain = matching(), matching(), batches()
    steps = range(3 * forward.batches_per_epoch)
    later = {step: backward.batch(step) for step in reversed(steps)}
    for step in steps:
        assert (forward.batch(step) == later[step]).all()
        assert (labels[forward.batch(step)[:12]] == LABELS[plain.batch(step)]).all()
    other, _ = matching(seed=6)
    assert any((forward.batch(step)[12:] != other.batch(step)[12:]).any() for step in steps)


def test_generated_images_are_drawn_from_all_unless_asked_for_by_identity():
    labels = np.concatenate([LABELS, np.full(20, 7)])
    marks = np.arange(len(labels)) >= len(LABELS)
    options = {"identities": 4, "images_per_identity": 3, "seed": 5, "generated_per_batch": 4}
    with_labels, without = Batches(labels, marks, **options), batches(generated=20, generated_per_batch=4)
    assert all((with_labels.batch(step) == without.batch(step)).all() for step in range(30))


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (batches, slice(12)),
        (partial(batches, sampler="shuffle"), slice(12)),
        (partial(batches, generated=20, generated_per_batch=5), slice(12, None)),  # one round of them in each epoch
        (lambda seed: matching(dict.fromkeys(range(10), 10), identities=10, seed=seed)[0], slice(30, None)),
    ],
    ids=["identities", "shuffle", "generated", "matching"],
)
def test_each_epoch_and_each_seed_has_an_order_of_its_own(make: Callable[..., Batches], part: slice):
    found = []
    for seed in (5, 6):
        sampler = make(seed=seed)
        for epoch in range(2):
            steps = range(epoch * sampler.batches_per_epoch, (epoch + 1) * sampler.batches_per_epoch)
            found.append(tuple(np.concatenate([sampler.batch(step)[part] for step in steps]).tolist()))
    assert len(set(found)) == 4
