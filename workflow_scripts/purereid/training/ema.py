"""The moving average of a network's weights, which is often better than the last of them."""

import copy

import torch
from torch import nn


class Average:
    """An exponential moving average of a network's parameters, as a network of its own in evaluation mode.

    After n updates the next one keeps min(decay, (1 + n) / (10 + n)) of the average, as TensorFlow's
    ``ExponentialMovingAverage`` with ``num_updates``: 0.1, 0.18, 0.25, ... So the random numbers that the network
    starts from are soon forgotten, whatever the decay.

    Buffers are copied, not averaged, as torch's ``AveragedModel`` does by default: the statistics of batch
    normalisation are moving averages already, and some buffers are counters.

    Args:
        network: what is averaged; it is copied, to the same device.
        decay: below 1; the average reaches back over some 1 / (1 - decay) updates.
    """

    def __init__(self, network: nn.Module, decay: float):
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the network as it is now, after a step of its optimiser."""
        kept = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(list(self.network.parameters()), list(network.parameters()), 1 - kept)
        for own, buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            own.copy_(buffer)
        self.updates += 1

    def state_dict(self) -> dict:
        """Averages, and the number of updates."""
        return {"network": self.network.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict) -> None:
        """Take up a state."""
        self.network.load_state_dict(state["network"])
        self.updates = state["updates"]
