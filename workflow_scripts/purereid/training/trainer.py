"""What every training has: networks by role, optimisers with rates of their own, state, and images drawn on the way."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from purereid.networks.precision import autocast
from purereid.training.ema import Average
from purereid.training.optimisers import clip_gradients, set_rate
from purereid.training.samples import Samples


class Optimiser(NamedTuple):
    """An optimiser with its learning rate.

    Attributes:
        torch: the optimiser of torch.
        rate: the learning rate of the whole training.
        factor: what it is multiplied by, a function of the step.
    """

    torch: torch.optim.Optimizer
    rate: float
    factor: Callable[[int], float]


class BaseTrainer(ABC):
    """A training as the loop sees it. A stage of a system says what a batch is and how its networks learn from it.

    A stage sets ``columns``, the names of the values that ``update`` returns, and ``learning_rate``, that of the first
    optimiser; ``networks`` by role, all that its steps change; ``optimisers``, by any name; and calls ``place``.
    ``samples`` it sets where it trains a generator.

    Args:
        settings: of the stage, among them epochs; seed, precision, ema (decay of averaged weights) and clip (largest
            norm of a gradient) where it has these.
        device: where to train.
    """

    columns: tuple[str, ...]
    networks: dict[str, nn.Module]
    optimisers: dict[str, Optimiser]
    samples: Samples | None = None
    averaged: tuple[str, ...] = ("encoder", "verifier", "generator")  # roles whose weights ``ema`` averages
    steps_per_epoch = images_per_step = steps = 0
    generated_per_step = 0  # images of a generator among those of a step
    paired_per_step = 0  # images among them of which only their textures are learnt

    def __init__(self, settings: dict, device: torch.device):
        self.settings, self.device, self.seed = settings, device, settings["seed"]
        self.precision = settings.get("precision", "auto")
        self.averages: dict[str, Average] = {}
        self.optimisers = {}

    @abstractmethod
    def batch(self, step: int) -> object:
        """Data of a step; called in another thread, ahead of time; depends on the step's number alone."""

    @abstractmethod
    def update(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """Learn from a batch; returns the parts of the loss and other values for the curves."""

    def set_length(self, steps_per_epoch: int, images_per_step: int) -> None:
        """Set the length of the training, ``settings["epochs"]`` times ``steps_per_epoch``.

        Or that share of it which ``settings["stop_at"]`` says, where there is one: what is learnt up to there is what
        the whole training has learnt by then.
        """
        self.steps_per_epoch, self.images_per_step = steps_per_epoch, images_per_step
        self.steps = math.ceil(self.settings.get("stop_at", 1.0) * self.settings["epochs"] * steps_per_epoch)

    def place(self) -> None:
        """Bring the networks to the device, ready to learn."""
        for network in self.networks.values():
            network.to(self.device, memory_format=torch.channels_last).train()
        if self.settings.get("ema"):
            averaged = {role: network for role, network in self.networks.items() if role in self.averaged}
            self.averages = {role: Average(network, self.settings["ema"]) for role, network in averaged.items()}

    def step(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """One update of the weights, and images where they are due."""
        rates = [each.rate * each.factor(step) for each in self.optimisers.values()]
        for each, rate in zip(self.optimisers.values(), rates, strict=True):
            set_rate(each.torch, rate)
        values = self.update(step, batch)
        for role, average in self.averages.items():
            average.update(self.networks[role])
        if self.samples:
            self.samples.draw_if_due(step + 1, self.written("generator"), self.precision)
        return {name: _detached(value) for name, value in values.items()} | {"learning_rate": rates[0]}

    def learn(self, loss: torch.Tensor, *names: str) -> None:
        """One step of some optimisers down the gradient of a loss."""
        optimisers = [self.optimisers[name].torch for name in names]
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()
        for optimiser in optimisers:
            if self.settings.get("clip"):
                clip_gradients(optimiser, self.settings["clip"])
            optimiser.step()

    def epoch(self, step: int) -> int:
        """Number of the running epoch, counted from 1."""
        return step // self.steps_per_epoch + 1

    def autocast(self):
        """Context of the networks' passes."""
        return autocast(self.precision, self.device)

    @property
    def about(self) -> dict:
        """What a comparison says of the training: updates, images in each, parameters by role."""
        parameters = {role: sum(each.numel() for each in net.parameters()) for role, net in self.networks.items()}
        real = self.images_per_step - self.generated_per_step - self.paired_per_step
        images = {"real_per_update": real, "generated_per_update": self.generated_per_step}
        images |= {"paired_per_update": self.paired_per_step}
        return {"updates": self.steps, **images, "parameters": parameters}

    def written(self, role: str) -> nn.Module:
        """The network of a role as it is used after the training: its average where there is one."""
        return self.averages[role].network if role in self.averages else self.networks[role]

    def state(self) -> dict:
        """Everything that ``step`` changes, as nested dicts and lists of tensors and JSON values.

        A stage with further state adds it.
        """
        return {
            "networks": {role: network.state_dict() for role, network in self.networks.items()},
            "optimisers": {name: each.torch.state_dict() for name, each in self.optimisers.items()},
            "averages": {role: average.state_dict() for role, average in self.averages.items()},
            "samples": self.samples.drawn if self.samples else {},
        }

    def restore(self, state: dict) -> None:
        """Take up a state."""
        for role, network in self.networks.items():
            network.load_state_dict(state["networks"][role])
        for name, each in self.optimisers.items():
            each.torch.load_state_dict(state["optimisers"][name])
        for role, average in self.averages.items():
            average.load_state_dict(state["averages"][role])
        if self.samples:
            self.samples.take_up(state["samples"])

    def watch(self, row: dict) -> None:  # noqa: B027 (stages may leave it empty)
        """Look at each row of the curves, for instance to raise an alarm."""


def _detached(value: torch.Tensor | float) -> torch.Tensor | float:
    return value.detach() if isinstance(value, torch.Tensor) else value
