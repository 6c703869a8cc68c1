"""Moving averages against the formula, step by step, and their resume."""

from pathlib import Path

import pytest
import torch
from torch import nn

from purereid.data import checkpoint
from purereid.training.ema import Average


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))


def learn(net: nn.Module, step: int) -> None:
    """Change parameters and buffers as a step would."""
    draws = torch.Generator().manual_seed(step)
    net(torch.randn(8, 3, generator=draws))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=draws))


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.999])
def test_against_the_formula(decay: float):
    net = network()
    average = Average(net, decay)
    expected = [parameter.detach().double() for parameter in net.parameters()]
    for number in range(30):
        learn(net, number)
        average.update(net)
        kept = min(decay, (1 + number) / (10 + number))
        expected = [kept * old + (1 - kept) * new.detach() for old, new in zip(expected, net.parameters(), strict=True)]
        for found, value in zip(average.network.parameters(), expected, strict=True):
            torch.testing.assert_close(found.double(), value, rtol=1e-5, atol=1e-6)
        assert all(map(torch.equal, average.network.buffers(), net.buffers()))


def test_it_is_a_copy_for_evaluation_that_leaves_the_network_alone():
    net = network()
    average = Average(net, 0.9)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    learn(average.network, 0)
    average.update(net)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert not any(module.training for module in average.network.modules()) and net.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())


def test_resume_gives_the_same_bytes(tmp_path: Path):
    net = network()
    whole, first = Average(net, 0.999), Average(net, 0.999)
    for step in range(6):
        learn(net, step)
        whole.update(net)
        if step == 2:
            checkpoint.save(tmp_path / "c", first.state_dict())
            first = Average(network(), 0.999)
            first.load_state_dict(checkpoint.load(tmp_path / "c")[0])
        first.update(net)
    assert first.updates == whole.updates == 6
    assert all(map(torch.equal, first.network.state_dict().values(), whole.network.state_dict().values()))
