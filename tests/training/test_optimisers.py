"""Learning rates and decay of weights and biases."""

import pytest
import torch
from torch import nn

from purereid.training.optimisers import adam_with_faster_biases, set_rate


def test_first_step_moves_biases_twice_as_far_and_decays_weights_alone():
    network = nn.Linear(1, 1)
    nn.init.constant_(network.weight, 3.0)
    nn.init.constant_(network.bias, 3.0)
    optimiser = adam_with_faster_biases(network, learning_rate=0.1, weight_decay=0.5)
    network.weight.grad, network.bias.grad = torch.full((1, 1), -1.0), torch.full((1,), -1.0)
    optimiser.step()
    # the first step of Adam is the rate in the direction of the gradient: here 0.5 * 3 - 1 with decay, -1 without
    assert network.weight.item() == pytest.approx(3 - 0.1) and network.bias.item() == pytest.approx(3 + 0.2)


def test_betas_are_those_given():
    network = nn.Linear(1, 1)
    assert {group["betas"] for group in adam_with_faster_biases(network, 0.1, 0).param_groups} == {(0.9, 0.999)}
    found = adam_with_faster_biases(network, 0.1, 0, betas=(0.5, 0.999)).param_groups
    assert {group["betas"] for group in found} == {(0.5, 0.999)}


def test_rate_is_set_with_the_factor_of_each_group():
    optimiser = adam_with_faster_biases(nn.Linear(1, 1), 0.1, 0.5)
    set_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25, 0.5]


def test_rate_of_groups_without_a_factor():
    optimiser = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    set_rate(optimiser, 0.25)
    assert [group["lr"] for group in optimiser.param_groups] == [0.25]
