"""The bottleneck against the arithmetic in numpy, its first weights, its errors."""

import math

import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.networks.bottleneck import Bottleneck

ACTIVATIONS = {
    "none": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.1 * x),
}


def pooled(count: int = 16, width: int = 24) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(0))


def slow_feature(network: Bottleneck, x: np.ndarray) -> np.ndarray:
    """The feature in training: normalised by the statistics of the batch."""
    x = x @ network.linear.weight.detach().numpy().T
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) * network.norm.weight.detach().numpy()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_against_numpy(activation: str, precision: torch.dtype):
    network = Bottleneck(24, 8, activation, dropout=0)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == torch.bfloat16):
        feature, found = network.feature(pooled()), network(pooled())
    expected = slow_feature(network, pooled().numpy())
    np.testing.assert_allclose(feature.detach(), expected, atol=1e-5)
    np.testing.assert_allclose(found.detach(), ACTIVATIONS[activation](expected), atol=1e-5)


def test_dropout_is_for_the_classifier_in_training_alone():
    torch.manual_seed(0)
    network = Bottleneck(24, 512, dropout=0.75)
    feature, found = network.feature(pooled()), network(pooled())
    dropped = found == 0
    assert 0.7 < dropped.float().mean() < 0.8
    torch.testing.assert_close(found[~dropped], 4 * feature[~dropped])
    assert torch.equal(network.eval()(pooled()), network.feature(pooled()))


def test_first_weights_are_the_published_ones():
    torch.manual_seed(0)
    network = Bottleneck(2048)
    assert network.linear.weight.shape == (512, 2048)
    assert network.linear.weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.01)
    assert network.norm.weight.mean().item() == pytest.approx(1, abs=0.003)
    assert network.norm.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert not network.linear.bias.any() and not network.norm.bias.any()


def test_unknown_activation_is_told():
    with pytest.raises(UserError, match=r"'tanh'[\s\S]*none, relu, leaky_relu"):
        Bottleneck(4, activation="tanh")
