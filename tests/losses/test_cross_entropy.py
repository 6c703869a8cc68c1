"""Cross entropy with soft targets against torch's own, against plain loops and against the published gradients."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from purereid.losses.cross_entropy import cross_entropy
from purereid.reid.labels import EXTRA_CLASS, IDENTITY, PSEUDO, REAL, UNIFORM, targets, with_guesses

LOGITS = torch.tensor([[2.0, -1.0, 0.5, 0.0], [0.1, 0.2, 0.3, 5.0], [0.0, 1.0, -2.0, 0.4]])
LABELS = torch.tensor([0, 3, 1])


def slow_target(kind: int, label: int, x: np.ndarray, smoothing: float) -> np.ndarray:
    """Target of one image, class by class."""
    classes = len(x)
    if kind == UNIFORM:
        return np.full(classes, 1 / classes)
    label = {PSEUDO: int(np.argmax(x)), EXTRA_CLASS: classes - 1}.get(kind, label)
    return np.array([(1 - smoothing) * (k == label) + smoothing / classes for k in range(classes)])


def slow(x: np.ndarray, target: np.ndarray) -> float:
    """Cross entropy of one image in double precision."""
    largest = x.max()
    normaliser = largest + math.log(sum(math.exp(value - largest) for value in x))
    return sum(t * (normaliser - value) for t, value in zip(target, x, strict=True))


def mixed(kind: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """A batch of 5 real and 4 generated images of one kind, with 6 classes: logits, labels, kinds, weights."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, 9)
    kinds = np.array([REAL] * 5 + [kind] * 4)
    labels[5:] = labels[5:] if kind == IDENTITY else -1
    logits = torch.tensor(rng.normal(0, 3, (9, 6)), dtype=torch.float32)
    return logits, torch.tensor(labels), torch.tensor(kinds), torch.tensor(rng.random(9), dtype=torch.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", [UNIFORM, EXTRA_CLASS, PSEUDO, IDENTITY])
def test_every_kind_against_loops_in_value_and_gradient(kind: int, smoothing: float):
    logits, labels, kinds, weights = mixed(kind, seed=kind)
    logits.requires_grad_()
    found = cross_entropy(logits, targets(with_guesses(labels, kinds, logits), kinds, 6, smoothing), weights)
    found.backward()
    x, w = logits.detach().double().numpy(), weights.double().numpy()
    rows = zip(kinds.tolist(), labels.tolist(), x, strict=True)
    wanted = np.stack([slow_target(*row, smoothing) for row in rows])
    assert found.item() == pytest.approx(sum(w[i] * slow(x[i], wanted[i]) for i in range(9)) / 9, rel=1e-5)
    p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
    np.testing.assert_allclose(logits.grad, (p - wanted) * w[:, None] / 9, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_images_with_an_identity_against_torch(smoothing: float):
    soft = targets(LABELS, torch.tensor([REAL, REAL, IDENTITY]), 4, smoothing)
    found = cross_entropy(LOGITS, soft)
    assert found.item() == pytest.approx(functional.cross_entropy(LOGITS, LABELS, label_smoothing=smoothing).item())


def test_real_label_is_logsumexp_minus_its_logit_with_gradient_p_minus_one_hot():
    logits = LOGITS.clone().requires_grad_()
    loss = cross_entropy(logits, targets(LABELS, torch.full((3,), REAL), 4, 0.0))
    assert loss.item() == pytest.approx((LOGITS.logsumexp(1) - LOGITS[range(3), LABELS]).mean().item())
    loss.backward()
    torch.testing.assert_close(logits.grad, (LOGITS.softmax(1) - functional.one_hot(LABELS, 4)) / 3)


def test_uniform_label_is_logsumexp_minus_mean_with_gradient_p_minus_one_over_k():
    logits = LOGITS.clone().requires_grad_()
    loss = cross_entropy(logits, targets(torch.full((3,), -1), torch.full((3,), UNIFORM), 4, 0.1))
    assert loss.item() == pytest.approx((LOGITS.logsumexp(1) - LOGITS.mean(1)).mean().item())
    loss.backward()
    torch.testing.assert_close(logits.grad, (LOGITS.softmax(1) - 1 / 4) / 3)


def test_extra_class_is_plain_cross_entropy_with_one_output_more():
    soft = targets(torch.tensor([0, -1, 1]), torch.tensor([REAL, EXTRA_CLASS, REAL]), 4, 0.0)
    assert cross_entropy(LOGITS, soft).item() == pytest.approx(
        functional.cross_entropy(LOGITS, torch.tensor([0, 3, 1])).item()
    )


def test_pseudo_label_passes_no_gradient_through_the_choice():
    logits = LOGITS.clone().requires_grad_()
    kinds = torch.full((3,), PSEUDO)
    guesses = with_guesses(torch.full((3,), -1), kinds, logits)
    assert guesses.tolist() == [0, 3, 1] and not guesses.requires_grad
    cross_entropy(logits, targets(guesses, kinds, 4, 0.0)).backward()
    torch.testing.assert_close(logits.grad, (LOGITS.softmax(1) - functional.one_hot(guesses, 4)) / 3)


def test_an_image_that_counts_less_does_not_make_the_others_count_more():
    soft = targets(LABELS, torch.tensor([REAL, REAL, IDENTITY]), 4, 0.0)
    single = [functional.cross_entropy(LOGITS[i : i + 1], LABELS[i : i + 1]).item() for i in range(3)]
    for weight in (1.0, 0.1, 0.0):
        found = cross_entropy(LOGITS, soft, torch.tensor([1.0, 1.0, weight]))
        assert found.item() == pytest.approx((single[0] + single[1] + weight * single[2]) / 3)


def test_weights_of_zero_throughout_give_zero():
    assert cross_entropy(LOGITS, torch.full((3, 4), 0.25), torch.zeros(3)).item() == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_guessing_costs_ln_k_for_every_kind(smoothing: float):
    kinds = torch.tensor([REAL, UNIFORM, EXTRA_CLASS, IDENTITY])
    soft = targets(torch.tensor([5, -1, -1, 7]), kinds, 751, smoothing)
    assert cross_entropy(torch.zeros(4, 751), soft).item() == pytest.approx(math.log(751))
