"""Cross entropy with soft targets against torch's own and against the formulas of the papers."""

import math

import pytest
import torch
from torch.nn import functional

from purereid.reid.labels import IDENTITY, NONE, REAL, targets
from purereid.reid.losses.cross_entropy import cross_entropy

LOGITS = torch.tensor([[2.0, -1.0, 0.5, 0.0], [0.1, 0.2, 0.3, 5.0], [0.0, 1.0, -2.0, 0.4]])
LABELS = torch.tensor([0, 3, 1])


def kinds(*values: int) -> torch.Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_real_images_against_torch(smoothing: float):
    soft = targets(LABELS, kinds(REAL, REAL, IDENTITY), 4, smoothing)
    found = cross_entropy(LOGITS, soft, torch.ones(3))
    assert found.item() == pytest.approx(functional.cross_entropy(LOGITS, LABELS, label_smoothing=smoothing).item())


def test_uniform_label_is_logsumexp_minus_mean_with_gradient_p_minus_one_over_k():
    logits = LOGITS.clone().requires_grad_()
    soft = targets(torch.full((3,), -1), kinds(NONE, NONE, NONE), 4, 0.1)
    loss = cross_entropy(logits, soft, torch.ones(3))
    expected = (LOGITS.logsumexp(1) - LOGITS.mean(1)).mean()
    assert loss.item() == pytest.approx(expected.item())
    loss.backward()
    torch.testing.assert_close(logits.grad, (LOGITS.softmax(1) - 1 / 4) / 3)


def test_weights_are_relative():
    soft = targets(LABELS, kinds(REAL, REAL, REAL), 4, 0.0)
    single = [functional.cross_entropy(LOGITS[i : i + 1], LABELS[i : i + 1]).item() for i in range(3)]
    found = cross_entropy(LOGITS, soft, torch.tensor([1.0, 0.0, 3.0]))
    assert found.item() == pytest.approx((single[0] + 3 * single[2]) / 4)


def test_targets_are_distributions_and_never_index_the_label_of_nobody():
    soft = targets(torch.tensor([2, -1, 0]), kinds(REAL, NONE, IDENTITY), 4, 0.1)
    torch.testing.assert_close(soft.sum(1), torch.ones(3))
    torch.testing.assert_close(soft[0], torch.tensor([0.025, 0.025, 0.925, 0.025]))
    torch.testing.assert_close(soft[1], torch.full((4,), 0.25))


def test_guessing_costs_ln_k():
    soft = targets(torch.tensor([5]), kinds(REAL), 751, 0.1)
    assert cross_entropy(torch.zeros(1, 751), soft, torch.ones(1)).item() == pytest.approx(math.log(751))
