"""The centre loss and the steps of its centres against plain loops."""

import numpy as np
import pytest
import torch

from purereid.losses.centre import CentreLoss, centre_optimiser


def batch(
    seed: int, count: int = 12, classes: int = 4, width: int = 5
) -> tuple[CentreLoss, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    labels = rng.permutation(np.r_[-1, np.arange(classes), rng.integers(-1, classes, count - classes - 1)])
    return CentreLoss(classes, width), rng.normal(size=(count, width)), labels, rng.random(count).astype("f4")


def slow(centres: np.ndarray, features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    rows = [row for row, label in enumerate(labels) if label >= 0]
    squares = [weights[row] * sum((features[row] - centres[labels[row]]) ** 2) for row in rows]
    return sum(squares) / len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_against_loops(seed: int):
    loss, *arrays = batch(seed)
    found = loss(*map(torch.tensor, arrays))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(slow(loss.centres.detach().numpy(), *arrays), rel=1e-5)


def test_features_are_pulled_to_the_centre_of_their_identity():
    loss, features, labels, weights = batch(0)
    moving = torch.tensor(features, requires_grad=True)
    loss(moving, torch.tensor(labels), torch.tensor(weights)).backward()
    centres, known = loss.centres.detach().numpy(), (labels >= 0).sum()
    for row, label in enumerate(labels):
        pull = 2 * weights[row] * (features[row] - centres[label]) / known if label >= 0 else np.zeros(5)
        np.testing.assert_allclose(moving.grad[row], pull, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("weight", [5e-4, 2.0])
def test_centres_move_as_if_the_loss_had_weight_one(weight: float):
    loss, features, labels, weights = batch(1)
    before = loss.centres.detach().clone().numpy()
    (weight * loss(*map(torch.tensor, (features, labels, weights)))).backward()
    centre_optimiser(loss, rate=0.5, weight=weight).step()
    for label, (old, new) in enumerate(zip(before, loss.centres.detach().numpy(), strict=True)):
        own = labels == label
        gradient = 2 * (weights[own, None] * (old - features[own])).sum(axis=0) / (labels >= 0).sum()
        np.testing.assert_allclose(new, old - 0.5 * gradient, rtol=1e-4, atol=1e-5)


def test_images_without_identity_give_zero_and_move_nothing():
    loss = CentreLoss(2, 3)
    features = torch.ones(4, 3, requires_grad=True)
    found = loss(features, torch.full((4,), -1), torch.ones(4))
    found.backward()
    assert found.item() == 0 and not features.grad.any() and not loss.centres.grad.any()
