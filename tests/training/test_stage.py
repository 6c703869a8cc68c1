"""What a stage is handed, and what is told before it trains."""

from pathlib import Path

import pytest
import torch
from torch import nn

from purereid.errors import UserError
from purereid.networks.network_file import save_networks
from purereid.systems.posegan.networks import Discriminator, Generator
from purereid.training.curves import Curves
from purereid.training.samples import Samples
from purereid.training.stage import Inputs

CPU = torch.device("cpu")


def test_a_role_is_continued_from_the_last_stage_that_has_it(tmp_path: Path):
    def generator(weight: float) -> Generator:
        made = Generator(height=32, width=16, channels=4, blocks=1)
        nn.init.constant_(made.decoder[-2].bias, weight)
        return made

    written = [
        {"generator": generator(1.0), "discriminator_pose": Discriminator(inputs=9, channels=4, blocks=1)},
        {"generator": generator(2.0)},
        {"discriminator_source": Discriminator(inputs=6, channels=4, blocks=1)},
    ]
    files = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for file, networks in zip(files, written, strict=True):
        save_networks(file, networks, system="posegan", stage="generator")
    inputs = Inputs(tmp_path / "index.parquet", former=files)
    assert inputs.continued("generator", CPU).decoder[-2].bias.tolist() == [2.0] * 3
    assert inputs.continued("discriminator_pose", CPU).configuration["inputs"] == 9
    with pytest.raises(UserError, match="the file holds no verifier"):
        inputs.continued("verifier", CPU)


class Drawing(nn.Module):
    """A generator that holds a frozen part, and notes in which mode it draws."""

    def __init__(self):
        super().__init__()
        self.frozen, self.learning = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
        self.seen = []

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        self.seen.append((self.training, self.frozen.training, self.learning.training))
        return torch.zeros(1, 3, 4, 2, dtype=torch.uint8)


def test_drawing_leaves_each_part_of_a_generator_in_its_mode():
    generator = Drawing()
    generator.frozen.eval()
    samples = Samples(None, {}, steps=10, times=2)
    for done in range(1, 11):
        samples.draw_if_due(done, generator, "fp32")
    assert generator.seen == [(False, False, False)] * 2 and sorted(samples.drawn) == [5, 10]
    assert generator.training and generator.learning.training and not generator.frozen.training


class Told:
    columns, steps, steps_per_epoch, images_per_step = ("loss", "learning_rate"), 4, 2, 8


def test_values_without_a_column_are_told_at_the_first_row():
    curves = Curves(Told(), log_every=1)
    with pytest.raises(ValueError, match="differ in extra"):
        curves.add(1, {"loss": 1.0, "learning_rate": 0.1, "extra": 2.0}, 0.0)
