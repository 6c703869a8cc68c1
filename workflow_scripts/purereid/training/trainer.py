"""What the trainers of all generators share: length, precision, state, and samples drawn during the training."""

from abc import ABC, abstractmethod

import torch
from torch import nn

from purereid.generation.draw import draw
from purereid.generation.training_data import TrainingData
from purereid.training.optimisers import set_rate
from purereid.training.precision import autocast


class GeneratorTrainer(ABC):
    """A training as the loop sees it (``training.loop.Trainer``); a system adds networks, batches and updates.

    A system sets ``columns``, ``networks`` (by name; one is called ``generator``) and ``optimisers``.

    Args:
        data: images, pairs and heat maps.
        settings: the system's settings, among them those of ``registry.NEEDED``.
        device: where to train.
    """

    columns: tuple[str, ...]
    networks: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]

    def __init__(self, data: TrainingData, settings: dict, device: torch.device):
        self.data, self.settings, self.device, self.seed = data, settings, device, settings["seed"]
        self.precision = settings.get("precision", "auto")
        self.images_per_step = settings["batch"]
        self.steps_per_epoch = max(1, settings["images_per_epoch"] // settings["batch"])
        self.steps = settings["epochs"] * self.steps_per_epoch
        times = settings["samples_over_time"]
        self.sample_steps = {round(self.steps * (number + 1) / times) for number in range(times)} - {0}
        self.samples: dict[int, torch.Tensor] = {}

    @abstractmethod
    def batch(self, step: int) -> object:
        """Data of a step; depends on the step's number alone."""

    @abstractmethod
    def update(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """Learn from a batch; returns the values of ``columns``."""

    @abstractmethod
    def sample_conditions(self) -> dict[str, torch.Tensor]:
        """What ``data.samples`` ask for, as the generator's ``draw`` takes it."""

    def step(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """One update, and samples where they are due."""
        values = self.update(step, batch)
        if step + 1 in self.sample_steps:
            self.samples[step + 1] = self.draw_samples()
        return values

    def draw_samples(self) -> torch.Tensor:
        """Images uint8 [n, 3, H, W] of the samples, by the generator as it is now."""
        network = self.networks["generator"].eval()
        images = draw(network, self.sample_conditions(), self.precision)
        network.train()
        return images

    def place_networks(self) -> None:
        """Bring the networks to the device, ready to learn."""
        for network in self.networks.values():
            network.to(self.device, memory_format=torch.channels_last).train()

    def set_rates(self, factor: float) -> float:
        """Give all optimisers ``learning_rate`` times a factor, and times that of a group where it has one."""
        rate = self.settings["learning_rate"] * factor
        for optimiser in self.optimisers.values():
            set_rate(optimiser, rate)
        return rate

    def state(self) -> dict:
        """Weights, moments, samples; a system with further state adds it."""
        return {
            "networks": {name: network.state_dict() for name, network in self.networks.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "samples": self.samples,
        }

    def restore(self, state: dict) -> None:
        """Take up a state."""
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.samples = state["samples"]

    def watch(self, row: dict) -> None:  # noqa: B027 (systems may leave it empty)
        """Warn of nothing: the losses of an adversarial training say little about its images."""

    def autocast(self):
        """Context of the networks' passes."""
        return autocast(self.precision, self.device)
