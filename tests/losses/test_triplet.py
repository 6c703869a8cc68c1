"""The batch-hard triplet loss against plain loops."""

import math

import numpy as np
import pytest
import torch

from purereid.losses.triplet import batch_hard_triplet


def slow(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, margin: float | None) -> float:
    total = share = 0.0
    for a in range(len(labels)):
        if labels[a] < 0:
            continue
        distance = [float(np.sqrt(((features[a] - f) ** 2).sum())) for f in features]
        positives = [distance[j] for j in range(len(labels)) if labels[j] == labels[a] and j != a]
        negatives = [distance[j] for j in range(len(labels)) if labels[j] >= 0 and labels[j] != labels[a]]
        if positives and negatives:
            gap = max(positives) - min(negatives)
            total += weights[a] * (math.log(1 + math.exp(gap)) if margin is None else max(0.0, gap + margin))
            share += 1
    return total / share if share else 0.0


@pytest.mark.parametrize("margin", [0.3, None])
@pytest.mark.parametrize("seed", range(5))
def test_against_loops(seed: int, margin: float | None):
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(12, 5)), rng.integers(-1, 4, 12)
    weights = rng.random(12).astype("f4")
    found = batch_hard_triplet(torch.tensor(features), torch.tensor(labels), torch.tensor(weights), margin)
    assert found.item() == pytest.approx(slow(features, labels, weights, margin), rel=1e-4)


@pytest.mark.parametrize("margin", [0.3, None])
@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, -1, -1]])
def test_no_triplet_gives_zero_and_finite_gradients(labels: list[int], margin: float | None):
    features = torch.zeros(3, 2, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor(labels), torch.ones(3), margin)
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(features.grad).all()


@pytest.mark.parametrize(("margin", "value"), [(0.3, 0.3), (None, math.log(2))])
def test_equal_features_give_the_margin_and_finite_gradients(margin: float | None, value: float):
    features = torch.ones(4, 3, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor([0, 0, 1, 1]), torch.ones(4), margin)
    loss.backward()
    assert loss.item() == pytest.approx(value) and torch.isfinite(features.grad).all()


def test_an_image_of_weight_zero_is_no_anchor():
    features = torch.tensor([[0.0], [1.0], [0.5], [5.0]])
    labels = torch.tensor([0, 0, 1, 1])
    alone = batch_hard_triplet(features, labels, torch.tensor([1.0, 0, 0, 0]), 0.3)
    assert alone.item() == pytest.approx((1 - 0.5 + 0.3) / 4)  # a lighter anchor does not make the others heavier


def test_only_the_soft_margin_pulls_at_a_triplet_that_is_far_apart():
    for margin, pulled in ((0.3, False), (None, True)):
        features = torch.tensor([[0.0], [1.0], [3.0], [4.0]], requires_grad=True)
        batch_hard_triplet(features, torch.tensor([0, 0, 1, 1]), torch.ones(4), margin).backward()
        assert features.grad.any() == pulled


def test_a_wide_gap_does_not_overflow_the_soft_margin():
    features = torch.tensor([[0.0], [1e4], [1.0], [1e4 + 1]], requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor([0, 0, 1, 1]), torch.ones(4), None)
    loss.backward()
    assert loss.item() == pytest.approx(1e4 - 1, rel=1e-3) and torch.isfinite(features.grad).all()
