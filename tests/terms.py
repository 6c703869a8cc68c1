"""What one step of a training does: which networks it moves, and what they are shown.

The tests of each system let one term of its loss stand alone, and ask whether a step lowers it, what it moves, and what
it leaves as it is; of discriminators also what they judge.
"""

from collections.abc import Callable, Mapping

import torch
from torch import nn


def parts_moved(parts: Mapping[str, nn.Module], step: Callable[[], object]) -> set[str]:
    """Names of the parts of which a step changes any parameter."""
    before = {name: _weights(part) for name, part in parts.items()}
    step()
    return {name for name, part in parts.items() if not torch.equal(before[name], _weights(part))}


def shown_to(network: nn.Module) -> list[torch.Tensor]:
    """A list that takes in the first input of each later pass through a network, without gradient."""
    shown: list[torch.Tensor] = []
    network.register_forward_pre_hook(lambda _, given: shown.append(given[0].detach().clone()))
    return shown


def gradients(network: nn.Module) -> torch.Tensor:
    """Gradients of all parameters that have any, as one vector."""
    return torch.cat([each.grad.flatten() for each in network.parameters() if each.grad is not None])


def _weights(part: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten().clone() for parameter in part.parameters()])
