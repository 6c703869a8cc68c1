"""What the trainings of GCN, GCN-V and GCN-E have in common: steps, learning rates, held-out scores, state."""

import numpy as np
import torch
from torch import nn

from purereid.training.optimisers import set_rate
from purereid.training.schedule import learning_rate_factor

MOMENTUM = 0.9


class GraphTrainer:
    """A training as the loop sees it; a subclass says what a batch is, its loss, and the scores of held-out images.

    Args:
        network: on the device of the training.
        optimiser: of the network's parameters.
        settings: seed, epochs, learning_rate, and those of ``training.schedule.learning_rate_factor``.
        steps_per_epoch: held-out images are scored after the first step of all and after the last of each epoch.
        images_per_step: largest size of a batch.
    """

    def __init__(
        self,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        settings: dict,
        steps_per_epoch: int,
        images_per_step: int,
    ):
        self.network, self.optimiser, self.settings = network, optimiser, settings
        self.steps_per_epoch, self.images_per_step = steps_per_epoch, images_per_step
        self.steps = settings["epochs"] * steps_per_epoch
        self.test_scores: dict[str, float] = {}

    def loss(self, batch: object) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss of a batch, and further values for the curves."""
        raise NotImplementedError

    def scores_of_held_out(self) -> dict[str, float]:
        """Scores of the held-out images, with names that start with ``held_out_``; none where none are held out."""
        raise NotImplementedError

    def drawn(self, images: np.ndarray, step: int) -> torch.Tensor:
        """The images int64 [B] of a step, of those int64 [n] of which each is seen once per epoch."""
        epoch, number = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.settings["seed"], 2, epoch]).permutation(images)
        return torch.from_numpy(order[number * self.images_per_step :][: self.images_per_step])

    def step(self, step: int, batch: object) -> dict[str, torch.Tensor | float]:
        """One update of the weights."""
        rate = self.settings["learning_rate"] * self._factor(step)
        set_rate(self.optimiser, rate)
        loss, values = self.loss(batch)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if step == 0 or (step + 1) % self.steps_per_epoch == 0:
            self.test_scores = self.scores_of_held_out()
        return {"loss": loss.detach(), **values, **self.test_scores, "learning_rate": rate}

    def state(self) -> dict:
        """Weights, what the optimiser remembers, and the latest scores of the held-out images."""
        states = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        return states | {"test_scores": self.test_scores}

    def restore(self, state: dict) -> None:
        """Take up a state."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.test_scores = state["test_scores"]

    def watch(self, row: dict) -> None:
        """Warn of nothing: the scores tell whether it learns."""

    def _factor(self, step: int) -> float:
        names = ("epochs", "schedule", "milestones", "gamma", "warmup_epochs", "warmup_start")
        return learning_rate_factor(step, self.steps_per_epoch, **{name: self.settings[name] for name in names})


def gradient_descent(network: nn.Module, settings: dict) -> torch.optim.SGD:
    """Stochastic gradient descent with momentum, as published for GCN-V and GCN-E."""
    rates = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
    return torch.optim.SGD(network.parameters(), momentum=MOMENTUM, **rates)
