"""Train the flow: a network that finds a person in a pose behind noise."""

import torch
from torch import nn

from purereid.data.heatmaps import FRAME
from purereid.data.joints import flip_joints
from purereid.generation.conditions import joint_table
from purereid.generation.pixels import to_range
from purereid.generation.training_data import TrainingData
from purereid.systems.flow.networks import Generator
from purereid.systems.flow.path import draw_times, on_path, velocity_loss
from purereid.training.optimisers import build_optimiser
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser

ROWS, DRAWS = 1, 2  # what is drawn of a step
BETAS = (0.9, 0.95)  # of AdamW; Li and He, 2025


class Trainer(BaseTrainer):
    """One update per batch of random pairs; see ``path`` for what is learnt."""

    columns = ("loss", "l1", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        size = {"height": settings["height"], "width": settings["width"]}
        self.data = TrainingData(inputs.index, size=tuple(size.values()), threads=inputs.threads, **inputs.files)
        self.set_length(max(1, settings["images_per_epoch"] // settings["batch"]), settings["batch"])
        torch.manual_seed(step_seed(self.seed, 0, 0))
        shape = {name: settings[name] for name in ("channels", "levels", "blocks", "heads")}
        self.networks = {"generator": Generator(**size, **shape)}
        self.place()
        self.optimisers = {"generator": self._optimiser(self.networks["generator"])}
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """Random pairs, and what is drawn for each.

        Returns:
            source, target: uint8 [B, 3, H, W]; source_keypoints, keypoints: their poses, float32 [B, 18, 3]; noise:
            float32 [B, 3, H, W]; times: float32 [B]; given: float32 [B], 0 where the source is not to be heeded.
        """
        rows_drawn, drawn = (torch.Generator().manual_seed(step_seed(self.seed, step, what)) for what in (ROWS, DRAWS))
        count = self.settings["batch"]
        source, target = self.data.draw_pairs(count, rows_drawn)
        images, names = self.data.images, self.data.names
        found = {
            "source": images[source],
            "target": images[target],
            "source_keypoints": self.data.guides.of("keypoints", [names[row] for row in source]),
            "keypoints": self.data.guides.of("keypoints", [names[row] for row in target]),
        }
        flipped = torch.rand(count, generator=drawn) < self.settings["flip"]
        found = {name: mirrored(values, flipped) for name, values in found.items()}
        found["noise"] = torch.randn(found["target"].shape, generator=drawn)
        found["times"] = draw_times(count, self.settings["time_mean"], self.settings["time_std"], drawn)
        found["given"] = (torch.rand(count, generator=drawn) >= self.settings["drop_source"]).float()
        return found

    def update(self, step: int, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """One update of the network."""
        batch = {name: values.to(self.device) for name, values in batch.items()}
        source, target, times = to_range(batch["source"]), to_range(batch["target"]), batch["times"]
        network = self.networks["generator"]
        with self.autocast():
            guide = network.guide(source, batch["source_keypoints"], batch["keypoints"])
            named = network(on_path(target, batch["noise"], times), times, guide, batch["given"])
        loss = velocity_loss(named, target, times)
        self.learn(loss, "generator")
        return {"loss": loss, "l1": (named.detach().float() - target).abs().mean()}

    def _optimiser(self, network: nn.Module) -> Optimiser:
        """Weights decay; biases, scales and shifts of normalisations, and places do not."""
        parameters = list(network.parameters())
        groups = [
            {
                "params": [each for each in parameters if each.ndim in (2, 4)],
                "weight_decay": self.settings["weight_decay"],
            },
            {"params": [each for each in parameters if each.ndim not in (2, 4)], "weight_decay": 0.0},
        ]
        rate = self.settings["learning_rate"]
        return Optimiser(
            build_optimiser("adamw", groups, rate, betas=BETAS), rate, scheduled(self.settings, self.steps_per_epoch)
        )


def mirrored(values: torch.Tensor, flipped: torch.Tensor) -> torch.Tensor:
    """Images [B, 3, H, W], or key points float32 [B, 18, 3] in a frame of 128 x 64, mirrored where bool [B] says so.

    The right joints of a mirrored person are left ones.
    """
    if values.ndim == 4:
        return torch.where(flipped[:, None, None, None], values.flip(3), values)
    joints, visible = values[..., :2].numpy(), values[..., 2].numpy() > 0
    return torch.where(flipped[:, None, None], joint_table(*flip_joints(joints, visible, FRAME[1])), values)
