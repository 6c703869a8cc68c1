"""Optimisers against their papers' updates, step by step; groups of parameters; norms of gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from purereid.data import checkpoint
from purereid.errors import UserError
from purereid.training.optimisers import (
    adam_with_faster_biases,
    backbone_and_new,
    build_optimiser,
    clip_gradients,
    set_rate,
)

KINDS = ("adam", "amsgrad", "adamw", "sgd", "nesterov")
GRADIENTS = (4.0, -1.0, 0.5, 0.1, 0.2)  # they fall, so that the largest second moment is not the last
BETAS, MOMENTUM, DECAY = (0.8, 0.9), 0.7, 0.05


def slow(kind: str, x: float, rate: float) -> list[float]:
    """Value of a parameter after each step."""
    first = second = largest = velocity = 0.0
    values = []
    for number, gradient in enumerate(GRADIENTS, 1):
        if kind == "adamw":
            x -= rate * DECAY * x
        else:
            gradient += DECAY * x
        if kind in ("sgd", "nesterov"):
            velocity = MOMENTUM * velocity + gradient
            x -= rate * (gradient + MOMENTUM * velocity if kind == "nesterov" else velocity)
        else:
            first = BETAS[0] * first + (1 - BETAS[0]) * gradient
            second = BETAS[1] * second + (1 - BETAS[1]) * gradient**2
            largest = max(largest, second) if kind == "amsgrad" else second
            x -= rate * first / (1 - BETAS[0] ** number) / (np.sqrt(largest / (1 - BETAS[1] ** number)) + 1e-8)
        values.append(x)
    return values


def steps(optimiser: torch.optim.Optimizer, gradients: tuple[float, ...]) -> list[list[float]]:
    """Values of all parameters after each step, each with the same gradient everywhere."""
    parameters, values = [p for group in optimiser.param_groups for p in group["params"]], []
    for gradient in gradients:
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, gradient)
        optimiser.step()
        values.append([parameter.item() for parameter in parameters])
    return values


def two_groups() -> list[dict]:
    return [{"params": [nn.Parameter(torch.tensor(3.0))], "weight_decay": DECAY, "factor": f} for f in (1, 0.5)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_step_against_the_formula(kind: str):
    optimiser = build_optimiser(kind, two_groups(), 0.1, betas=BETAS, momentum=MOMENTUM)
    expected = np.transpose([slow(kind, 3.0, rate) for rate in (0.1, 0.05)])
    np.testing.assert_allclose(steps(optimiser, GRADIENTS), expected, rtol=1e-5)


def test_kinds_differ():
    ends = {steps(build_optimiser(kind, two_groups(), 0.1, betas=BETAS), GRADIENTS)[-1][0] for kind in KINDS}
    assert len(ends) == len(KINDS)


def test_published_momenta_where_none_are_named():
    for kind in KINDS:
        group = build_optimiser(kind, two_groups(), 0.1).param_groups[0]
        assert group.get("betas") == (0.9, 0.999) or group.get("momentum") == 0.9


def test_whole_numbers_will_do_for_betas():
    steps(build_optimiser("adam", two_groups(), 0.1, betas=[0, 0.999]), GRADIENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_resume_gives_the_same_bytes(kind: str, tmp_path: Path):
    whole, first = (build_optimiser(kind, two_groups(), 0.1) for _ in range(2))
    expected = steps(whole, GRADIENTS)
    (middle,) = steps(first, GRADIENTS[:3])[2:]
    checkpoint.save(tmp_path / "c", first.state_dict())
    groups = [
        group | {"params": [nn.Parameter(torch.tensor(v))]} for group, v in zip(two_groups(), middle, strict=True)
    ]
    second = build_optimiser(kind, groups, 0.7)
    second.load_state_dict(checkpoint.load(tmp_path / "c")[0])
    assert steps(second, GRADIENTS[3:]) == expected[3:]


def test_groups_can_serve_two_optimisers():
    groups = two_groups()
    build_optimiser("adam", groups, 0.1, betas=(0.5, 0.9))
    assert build_optimiser("adam", groups, 0.2).param_groups[0]["betas"] == (0.9, 0.999)


def test_unknown_kind_is_told():
    with pytest.raises(UserError, match=r"unknown optimiser 'lion'[\s\S]*amsgrad"):
        build_optimiser("lion", two_groups(), 0.1)


def test_backbone_has_a_rate_of_its_own_and_what_never_learns_no_group():
    network = nn.ModuleDict({"backbone": nn.Linear(2, 3), "neck": nn.BatchNorm1d(3), "backbone_head": nn.Linear(3, 4)})
    network["neck"].bias.requires_grad_(False)
    backbone, new = backbone_and_new(network, 0.1, 0.02)
    assert list(map(id, backbone["params"])) == list(map(id, network["backbone"].parameters()))
    head = network["backbone_head"]
    assert list(map(id, new["params"])) == list(map(id, (network["neck"].weight, head.weight, head.bias)))
    rates = [group["lr"] for group in build_optimiser("sgd", [backbone, new], 0.5).param_groups]
    assert rates == [0.05, 0.5] and backbone["weight_decay"] == new["weight_decay"] == 0.02


def test_first_step_moves_biases_twice_as_far_and_decays_weights_alone():
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, 3.0)
    nn.init.constant_(network.bias, 3.0)
    optimiser = adam_with_faster_biases(network, learning_rate=0.1, weight_decay=0.5)
    network.weight.grad, network.bias.grad = torch.full((1, 1), -1.0), torch.full((1,), -1.0)
    optimiser.step()
    # the first step of Adam is the rate in the direction of the gradient: here 0.5 * 3 - 1 with decay, -1 without
    assert network.weight.item() == pytest.approx(3 - 0.1) and network.bias.item() == pytest.approx(3 + 0.2)


def test_betas_of_faster_biases_are_those_given():
    for betas in ((0.9, 0.999), (0.5, 0.9)):
        groups = adam_with_faster_biases(nn.Linear(1, 1), 0.1, 0, betas=betas).param_groups
        assert {group["betas"] for group in groups} == {betas}


def test_rate_is_set_with_the_factor_of_each_group():
    optimiser = adam_with_faster_biases(nn.Linear(1, 1), 0.1, 0.5)
    set_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25, 0.5]


def test_rate_of_groups_without_a_factor():
    optimiser = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    set_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25]


@pytest.mark.parametrize("largest", [0.5, 5.0, 7.0])
def test_gradients_are_scaled_to_a_joint_norm(largest: float):
    parameters = [nn.Parameter(torch.zeros(2)) for _ in range(3)]
    optimiser = torch.optim.SGD([{"params": parameters[:1]}, {"params": parameters[1:]}], lr=1.0)
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0, -4.0]), torch.tensor([0.0, 2.0])  # one has none
    norm = np.sqrt(9 + 16 + 4)
    assert clip_gradients(optimiser, largest).item() == pytest.approx(norm)
    scale = min(1, largest / norm)
    np.testing.assert_allclose(parameters[0].grad, scale * np.array([3, -4]), rtol=1e-5)
    np.testing.assert_allclose(parameters[1].grad, scale * np.array([0, 2]), rtol=1e-5)
