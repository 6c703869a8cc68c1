"""What follows from the seed of a training: the weights that it starts from, and the draws for its batches."""

from collections.abc import Callable
from importlib import import_module

import pytest
import torch

from purereid.training.trainer import BaseTrainer


def weights_of(trainer: BaseTrainer) -> bytes:
    """Of all networks of a training, one after the other."""
    parameters = [parameter for network in trainer.networks.values() for parameter in network.parameters()]
    return torch.cat([parameter.detach().flatten() for parameter in parameters]).numpy().tobytes()


def seeds_given_to(monkeypatch: pytest.MonkeyPatch, place: str) -> list[int]:
    """A list that takes in the seed of the generator that each later call of a function is given.

    Args:
        place: the module and the name by which the function is called there, with a dot between.
    """
    module, _, name = place.rpartition(".")
    function, seeds = getattr(import_module(module), name), []

    def noting(*given: object, **named: object) -> object:
        seeds.extend(each.initial_seed() for each in (*given, *named.values()) if isinstance(each, torch.Generator))
        return function(*given, **named)

    monkeypatch.setattr(place, noting)
    return seeds


def check_draws(seeds: list[int], trainer_of_seed: Callable[[int], BaseTrainer]) -> None:
    """Each step of each seed draws anew, and the same again; each seed starts from weights of its own.

    Args:
        seeds: of ``seeds_given_to``, of a function that a batch calls once.
        trainer_of_seed: makes a training.
    """
    weights = set()
    for seed in (1, 2):
        trainer = trainer_of_seed(seed)
        weights.add(weights_of(trainer))
        for step in range(2):
            trainer.batch(step)
    assert len(set(seeds)) == 4 and len(weights) == 2
    trainer.batch(0)
    assert seeds[4] == seeds[2]
