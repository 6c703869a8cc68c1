"""The same conditions drawn again and again while a generator learns."""

import pandas as pd
import torch
from torch import nn

from purereid.networks.draw import draw


class Samples:
    """Images of some conditions at some steps of a training.

    Args:
        table: columns source, pose, target (images; "" where there are none) and seed, one row per condition.
        conditions: tensors by name, as the generator's ``draw`` takes them.
        steps: of the whole training.
        times: at how many steps they are drawn, the last among them.

    Attributes:
        drawn: by step (number of steps done), uint8 [n, 3, H, W].
    """

    def __init__(self, table: pd.DataFrame, conditions: dict[str, torch.Tensor], steps: int, times: int):
        self.table, self.conditions = table, conditions
        self.due = {round(steps * (number + 1) / times) for number in range(times)} - {0}
        self.drawn: dict[int, torch.Tensor] = {}

    def take_up(self, drawn: dict[int, torch.Tensor]) -> None:
        """Take up what an interrupted training drew, unless it drew another number of conditions."""
        self.drawn = {step: images for step, images in drawn.items() if len(images) == len(self.table)}

    def draw_if_due(self, done: int, generator: nn.Module, precision: str) -> None:
        """Draw them by the generator as it is after so many steps; each of its modules stays in its mode."""
        if done not in self.due:
            return
        modes = {module: module.training for module in generator.modules()}  # parts of it may be frozen
        self.drawn[done] = draw(generator.eval(), self.conditions, precision)
        for module, training in modes.items():
            module.training = training
