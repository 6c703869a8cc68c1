"""What the trainings of GCN, GCN-V and GCN-E have in common: steps, learning rates, held-out scores."""

import math
from abc import abstractmethod
from pathlib import Path

import numpy as np
import torch
from torch import nn

from purereid.networks.network_file import save_networks
from purereid.networks.registry import OF_GRAPHS
from purereid.training.schedule import scheduled
from purereid.training.trainer import BaseTrainer, Optimiser

MOMENTUM = 0.9


class GraphTrainer(BaseTrainer):
    """The training of one network; a subclass says what a batch is, its loss, and the scores of held-out images.

    Args:
        network: on the device of the training.
        optimiser: of the network's parameters.
        settings: seed, epochs, steps_per_epoch (0: as many as the images fill), learning_rate, and those of
            ``training.schedule.learning_rate_factor``. Held-out images are scored after the first step of all and
            after the last of each epoch.
        images: their number.
        batch: images of a step; if there are fewer, all of them.
    """

    role: str

    def __init__(
        self,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        settings: dict,
        images: int,
        batch: int,
    ):
        super().__init__(settings, next(network.parameters()).device)
        images_per_step = min(batch, images)
        self.steps_per_pass = math.ceil(images / images_per_step)
        self.set_length(settings["steps_per_epoch"] or self.steps_per_pass, images_per_step)
        self.network, self.networks = network, {self.role: network}
        self.optimisers = {
            self.role: Optimiser(optimiser, settings["learning_rate"], scheduled(settings, self.steps_per_epoch))
        }
        self.test_scores: dict[str, float] = {}

    @abstractmethod
    def loss(self, batch: object) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss of a batch, and further values for the curves."""

    @abstractmethod
    def scores_of_held_out(self) -> dict[str, float]:
        """Scores of the held-out images, with names that start with ``held_out_``; none where none are held out."""

    def drawn(self, images: np.ndarray, step: int) -> torch.Tensor:
        """The images int64 [B] of a step, of those int64 [n] of which each comes once before any comes again."""
        before, number = divmod(step, self.steps_per_pass)
        order = np.random.default_rng([self.settings["seed"], 2, before]).permutation(images)
        return torch.from_numpy(order[number * self.images_per_step :][: self.images_per_step])

    def update(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """One update of the weights."""
        loss, values = self.loss(batch)
        self.learn(loss, self.role)
        if step == 0 or (step + 1) % self.steps_per_epoch == 0:
            self.test_scores = self.scores_of_held_out()
        return {"loss": loss, **values, **self.test_scores}

    def state(self) -> dict:
        """Also the latest scores of the held-out images."""
        return super().state() | {"test_scores": self.test_scores}

    def restore(self, state: dict) -> None:
        """Take up a state."""
        super().restore(state)
        self.test_scores = state["test_scores"]


def save_graph_network(path: str | Path, trainer: GraphTrainer, about: dict) -> None:
    """Write the network of a training.

    Args:
        path: safetensors file.
        trainer: at its end.
        about: JSON values that say how it was trained: sizes of the neighbourhoods, identities (pids),
            held_out_identities, encoder (SHA-256).
    """
    save_networks(path, trainer.networks, system=OF_GRAPHS, stage=f"train_{trainer.role}", about=about)


def gradient_descent(network: nn.Module, settings: dict) -> torch.optim.SGD:
    """Stochastic gradient descent with momentum, as published for GCN-V and GCN-E."""
    rates = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
    return torch.optim.SGD(network.parameters(), momentum=MOMENTUM, **rates)
