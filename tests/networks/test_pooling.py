"""Poolings against plain loops, at the edges of the numbers' range, and their errors."""

import numpy as np
import pytest
import torch

from purereid.errors import UserError
from purereid.networks.pooling import GeneralisedMean, pooling

SLOW = {
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "gem": lambda values: (sum(max(value, 1e-6) ** 3 for value in values) / len(values)) ** (1 / 3),
}


def maps(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(0).normal(1, 1, (2, 3, 4, 5)), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", SLOW)
def test_against_loops_in_float32_whatever_the_maps_are(name: str, dtype: torch.dtype):
    values = maps(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        found = pooling(name)(values)
    expected = [[SLOW[name](one.flatten().tolist()) for one in image] for image in values]
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.detach(), expected, rtol=1e-5)


@pytest.mark.parametrize("name", SLOW)
def test_pooled_features_pass(name: str):
    features = torch.tensor([[1.5, -2.0]], dtype=torch.bfloat16)
    assert torch.equal(pooling(name)(features), torch.tensor([[1.5, -2.0]]))


@pytest.mark.parametrize("p", [1.0, 2.5, 20.0])
def test_generalised_mean_learns_its_power(p: float):
    values = maps().double().clamp(min=0.1)
    pool = GeneralisedMean(p)
    pool(values).sum().backward()

    def total(power: float) -> float:
        return ((values**power).mean(dim=(2, 3)) ** (1 / power)).sum().item()

    assert pool.p.grad.item() == pytest.approx((total(p + 1e-4) - total(p - 1e-4)) / 2e-4, rel=1e-3)
    assert pool(values).sum().item() == pytest.approx(total(p), rel=1e-5)


@pytest.mark.parametrize("p", [3.0, 50.0])
@pytest.mark.parametrize("value", [0.0, -1.0, 1e-6, 1e4])
def test_generalised_mean_of_equal_values_is_that_value_with_finite_gradients(value: float, p: float):
    values = torch.full((1, 1, 4, 4), value, requires_grad=True)
    pool = GeneralisedMean(p)
    found = pool(values)
    found.backward()
    assert found.item() == pytest.approx(max(value, 1e-6), rel=1e-3)
    assert torch.isfinite(values.grad).all() and torch.isfinite(pool.p.grad)


def test_unknown_pooling_is_told():
    with pytest.raises(UserError, match=r"unknown pooling 'sum'[\s\S]*mean, max, gem"):
        pooling("sum")
