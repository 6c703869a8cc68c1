"""The adversarial loss against its formula."""

import math

import numpy as np
import pytest
import torch

from purereid.losses.adversarial import FAKE, REAL, adversarial


@pytest.mark.parametrize("target", [REAL, FAKE, 0.85, 0.15])
def test_binary_cross_entropy_of_the_sigmoid(target: float):
    logits = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0)) * 3
    probability = 1 / (1 + np.exp(-logits.double().numpy()))
    expected = -(target * np.log(probability) + (1 - target) * np.log(1 - probability)).mean()
    assert adversarial(logits, target).item() == pytest.approx(expected, rel=1e-6)
    assert adversarial(torch.zeros(2), target).item() == pytest.approx(math.log(2))
    assert torch.isfinite(adversarial(torch.tensor([-1e4, 1e4]), target))


def test_who_is_sure_and_right_loses_little():
    assert adversarial(torch.tensor([5.0]), REAL) < 0.01 < adversarial(torch.tensor([5.0]), FAKE)
