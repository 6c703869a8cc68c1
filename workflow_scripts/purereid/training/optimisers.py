"""Adam with biases of their own, and learning rates that change during a training."""

import torch
from torch import nn


def adam_with_faster_biases(
    network: nn.Module, learning_rate: float, weight_decay: float, betas: tuple[float, float] = (0.9, 0.999)
) -> torch.optim.Adam:
    """Adam whose biases learn twice as fast and do not decay.

    Published code of "Generate and Purify: Efficient Person Data Generation for Re-Identification" (Lu et al.).

    Args:
        network: all its parameters learn; biases are those with ``bias`` in their names.
        learning_rate: of the other parameters.
        weight_decay: of the other parameters, added to their gradients.
        betas: decay of the running means of gradients and of their squares.
    """
    named = list(network.named_parameters())
    groups = [
        {"params": [p for name, p in named if "bias" not in name], "weight_decay": weight_decay, "factor": 1},
        {"params": [p for name, p in named if "bias" in name], "weight_decay": 0.0, "factor": 2},
    ]
    optimiser = torch.optim.Adam(groups, lr=learning_rate, betas=betas)
    set_rate(optimiser, learning_rate)
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give each group of parameters a learning rate, times the group's ``factor`` where it has one."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("factor", 1)
