"""DG-Net's losses, ramps, labels and batches against slow references."""

import math

import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.systems.dgnet.batches import Batches
from purereid.systems.dgnet.labels import primary_targets
from purereid.systems.dgnet.losses import (
    FAKE,
    REAL,
    classification,
    difference,
    divergence,
    gradient_penalty,
    least_squares,
)
from purereid.systems.dgnet.ramp import late_weight, ramp

PIDS = np.repeat([4, 7, 9, 11], [3, 4, 1, 2])


def halves(values: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    first, second = values.detach().double().numpy().reshape(2, len(values) // 2, *values.shape[1:])
    return first, second


def test_least_squares_is_the_sum_over_scales_and_halves():
    torch.manual_seed(0)
    scores = [torch.randn(4, 1, 3, 2), torch.randn(4, 1, 2, 1)]
    for target in (REAL, FAKE):
        wanted = sum(((half - target) ** 2).mean() for each in scores for half in halves(each))
        assert float(least_squares(scores, target)) == pytest.approx(wanted, rel=1e-5)
    assert (REAL, FAKE) == (1.0, 0.0)
    zeros = [torch.zeros(4, 1, 3, 2)] * 3  # a discriminator that says nothing: the first published values
    assert float(least_squares(zeros, REAL) + least_squares(zeros, FAKE)) == 6
    assert float(2 * least_squares(zeros, REAL)) == 12


def test_gradient_penalty_against_a_formula():
    torch.manual_seed(0)
    images, first, second = torch.randn(4, 3, 5, 4, requires_grad=True), torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    scores = [(first * images**2).sum(dim=1, keepdim=True), 3 * (second * images).sum(dim=1, keepdim=True)]
    squares = (2 * first * images).detach() ** 2 + (3 * second) ** 2
    wanted = 2 * squares.sum(dim=(1, 2, 3)).mean()  # two halves
    found = gradient_penalty(scores, images)
    assert found.item() == pytest.approx(float(wanted), rel=1e-5)
    found.backward()  # it teaches whoever made the scores
    assert images.grad.abs().sum() > 0


def test_difference_classification_and_divergence_are_sums_over_the_halves():
    torch.manual_seed(0)
    found, wanted = torch.randn(4, 3, 2, 2, requires_grad=True), torch.randn(4, 3, 2, 2, requires_grad=True)
    slow = sum(np.abs(a - b).mean() for a, b in zip(halves(found), halves(wanted), strict=True))
    loss = difference(found, wanted)
    assert loss.item() == pytest.approx(slow, rel=1e-5)
    loss.backward()
    assert found.grad.abs().sum() > 0 and wanted.grad is None
    logits, labels, targets = torch.randn(4, 5), torch.tensor([0, 4, 2, 2]), torch.rand(4, 5).softmax(dim=1)
    logarithms = [x - math.log(np.exp(x).sum()) for x in logits.double().numpy()]
    slow = -sum(row[label] for row, label in zip(logarithms, labels, strict=True)) / 2
    assert float(classification(logits, labels)) == pytest.approx(slow, rel=1e-5)
    slow = sum((t * (np.log(t) - row)).sum() for t, row in zip(targets.double().numpy(), logarithms, strict=True)) / 2
    assert float(divergence(logits, targets)) == pytest.approx(slow, rel=1e-5)
    assert float(divergence(targets.log(), targets)) == pytest.approx(0, abs=1e-5)
    certain = torch.nn.functional.one_hot(labels, 5).float()  # with certain targets both are one
    assert float(divergence(logits, certain)) == pytest.approx(float(classification(logits, labels)), rel=1e-5)


def test_guessing_costs_the_published_first_values():
    logits, labels = torch.zeros(16, 751), torch.arange(16)
    assert float(classification(logits, labels)) == pytest.approx(13.24, abs=0.01)
    assert 0.5 * float(classification(logits, labels)) == pytest.approx(6.62, abs=0.01)


def test_late_weights_have_the_published_steps():
    published = {"start": 30_000, "growth": 2_000}
    weights = {step: late_weight(step, **published, cap=2.0) for step in (0, 30_000, 30_001, 30_002, 32_000, 34_000)}
    assert weights == pytest.approx({0: 0, 30_000: 0, 30_001: 0, 30_002: 0.001, 32_000: 1, 34_000: 2})
    assert late_weight(40_000, **published, cap=2.0) == 2 and late_weight(33_000, **published, cap=1.0) == 1
    assert ramp(30_001, **published, cap=2.0) == 0.0005  # the fine head counts one step behind
    assert late_weight(30_002, **published, cap=0.0) == 0


def test_labels_of_what_is_drawn():
    probable = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    appearance, structure = torch.tensor([1, 0]), torch.tensor([2, 0])
    wanted = {
        "teacher": probable.tolist(),
        "pseudo": [[0, 0, 0, 1], [1, 0, 0, 0]],
        "appearance": [[0, 1, 0, 0], [1, 0, 0, 0]],
        "uniform": [[0.25] * 4] * 2,
        "two": [[0, 0.4, 0.6, 0], [1, 0, 0, 0]],
    }
    for kind, rows in wanted.items():
        found = primary_targets(kind, probable, appearance, structure)
        torch.testing.assert_close(found, torch.tensor(rows, dtype=torch.float32))
    with pytest.raises(UserError, match="unknown kind"):
        primary_targets("hard", probable, appearance, structure)


def test_each_half_goes_through_all_images_in_an_order_of_its_own():
    batches = Batches(PIDS, size=3, seed=1)
    assert batches.batches_per_epoch == 3
    rows = np.stack([batches.batch(step) for step in range(6)])
    assert rows.shape == (6, 4, 3) and rows.dtype == np.int64
    for half in (0, 1):
        for epoch in (rows[:3], rows[3:]):
            assert len(set(epoch[:, half].ravel().tolist())) == 9  # of 10 images each at most once
    np.testing.assert_array_equal(Batches(PIDS, size=3, seed=1).batch(4), rows[4])  # whatever came before
    orders = set()
    for seed in (1, 2):
        images = np.stack([Batches(PIDS, size=3, seed=seed).batch(step)[:2] for step in range(6)])
        orders |= {tuple(epoch[:, half].ravel().tolist()) for epoch in (images[:3], images[3:]) for half in (0, 1)}
    assert len(orders) == 8


def test_positives_are_drawn_anew_in_each_step_and_by_each_seed():
    pids, places = np.repeat([0, 1], 50), set()  # so that each image has as many others
    for seed in (1, 2):
        for step in range(3):
            rows = Batches(pids, size=8, seed=seed).batch(step)
            pairs = zip(rows[:2].ravel().tolist(), rows[2:].ravel().tolist(), strict=True)
            places.add(tuple(positive % 50 - (positive > image) for image, positive in pairs))  # among these others
    assert len(places) == 6


def test_positives_are_any_other_image_of_the_person():
    batches, seen = Batches(PIDS, size=5, seed=0), {}
    for step in range(200):
        rows = batches.batch(step)
        for image, positive in zip(rows[:2].ravel().tolist(), rows[2:].ravel().tolist(), strict=True):
            seen.setdefault(image, set()).add(positive)
    for image, positives in seen.items():
        others = {row for row in range(10) if PIDS[row] == PIDS[image] and row != image}
        assert positives == (others or {image})


def test_longer_epochs_start_the_images_over():
    batches = Batches(PIDS, size=4, seed=0, batches_per_epoch=5)
    first = np.concatenate([batches.batch(step)[0] for step in range(5)])
    assert np.bincount(first).tolist() == [2] * 10


@pytest.mark.parametrize(
    ("pids", "message"), [(np.full(9, 3), "1 person in the training images"), (PIDS[:2], "1 person"),
                          (PIDS[2:4], "takes 3 images, and there are 2")]
)  # fmt: skip
def test_too_few_persons_or_images_are_told(pids, message):
    with pytest.raises(UserError, match=message):
        Batches(pids, size=3, seed=0)
