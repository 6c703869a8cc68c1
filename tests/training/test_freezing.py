"""Frozen modules stay as they are, and later learn as if training began then."""

from pathlib import Path

import pytest
import torch
from torch import nn

from purereid.data import checkpoint
from purereid.training.freezing import freeze
from purereid.training.optimisers import backbone_and_new, build_optimiser


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
        self.classifier = nn.Linear(4, 2)


def learn(network: Network, optimiser: torch.optim.Optimizer, step: int) -> None:
    torch.manual_seed(step)
    loss = network.classifier(network.backbone(torch.randn(8, 3))).square().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def prepared(kind: str) -> tuple[Network, torch.optim.Optimizer]:
    network = Network()
    return network, build_optimiser(kind, backbone_and_new(network, 0.1, 0.5), 0.01)


@pytest.mark.parametrize("kind", ["adam", "amsgrad", "adamw", "sgd", "nesterov"])
def test_a_frozen_backbone_stays_to_the_byte_and_the_rest_learns(kind: str):
    network, optimiser = prepared(kind)
    learn(network, optimiser, 0)  # it has moments, and gradients of its last step
    freeze(network.backbone)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser.step()
    for step in (1, 2):
        learn(network, optimiser, step)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("backbone."), name


@pytest.mark.parametrize("kind", ["adam", "nesterov"])
def test_a_backbone_that_was_frozen_from_the_start_takes_its_first_step_as_if_there_had_been_none_before(kind: str):
    network, optimiser = prepared(kind)
    freeze(network.backbone)
    for step in range(3):
        learn(network, optimiser, step)
    freeze(network.backbone, frozen=False)
    fresh, first = prepared(kind)
    fresh.load_state_dict(network.state_dict())
    learn(network, optimiser, 3)
    learn(fresh, first, 3)
    assert network.backbone.training
    assert all(map(torch.equal, network.backbone.state_dict().values(), fresh.backbone.state_dict().values()))


def test_resume_while_it_is_frozen(tmp_path: Path):
    runs = [prepared("adam") for _ in range(2)]
    for network, optimiser in runs:
        freeze(network.backbone)
        for step in range(4):
            freeze(network.backbone, frozen=step < 3)
            learn(network, optimiser, step)
            if step == 1 and network is runs[1][0]:
                checkpoint.save(tmp_path / "c", [network.state_dict(), optimiser.state_dict()])
                network, optimiser = runs[1] = prepared("adam")
                for part, state in zip(runs[1], checkpoint.load(tmp_path / "c")[0], strict=True):
                    part.load_state_dict(state)
    assert all(map(torch.equal, runs[0][0].state_dict().values(), runs[1][0].state_dict().values()))
