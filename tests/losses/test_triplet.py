"""The batch-hard triplet loss against plain loops."""

import numpy as np
import pytest
import torch

from purereid.losses.triplet import batch_hard_triplet


def slow(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, margin: float) -> float:
    total = share = 0.0
    for a in range(len(labels)):
        if labels[a] < 0:
            continue
        distance = [float(np.sqrt(((features[a] - f) ** 2).sum())) for f in features]
        positives = [distance[j] for j in range(len(labels)) if labels[j] == labels[a] and j != a]
        negatives = [distance[j] for j in range(len(labels)) if labels[j] >= 0 and labels[j] != labels[a]]
        if positives and negatives:
            total += weights[a] * max(0.0, max(positives) - min(negatives) + margin)
            share += 1
    return total / share if share else 0.0


@pytest.mark.parametrize("seed", range(5))
def test_against_loops(seed: int):
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(12, 5)), rng.integers(-1, 4, 12)
    weights = rng.random(12).astype("f4")
    found = batch_hard_triplet(torch.tensor(features), torch.tensor(labels), torch.tensor(weights), 0.3)
    assert found.item() == pytest.approx(slow(features, labels, weights, 0.3), rel=1e-4)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, -1, -1]])
def test_no_triplet_gives_zero_and_finite_gradients(labels: list[int]):
    features = torch.zeros(3, 2, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor(labels), torch.ones(3), 0.3)
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(features.grad).all()


def test_equal_features_give_the_margin_and_finite_gradients():
    features = torch.ones(4, 3, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor([0, 0, 1, 1]), torch.ones(4), 0.3)
    loss.backward()
    assert loss.item() == pytest.approx(0.3) and torch.isfinite(features.grad).all()


def test_an_image_of_weight_zero_is_no_anchor():
    features = torch.tensor([[0.0], [1.0], [0.5], [5.0]])
    labels = torch.tensor([0, 0, 1, 1])
    alone = batch_hard_triplet(features, labels, torch.tensor([1.0, 0, 0, 0]), 0.3)
    assert alone.item() == pytest.approx((1 - 0.5 + 0.3) / 4)  # a lighter anchor does not make the others heavier
