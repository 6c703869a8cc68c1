"""Stage 2: a generator that learns how to blend, while the encoder of stage 1 goes on learning."""

import torch
from purereid.systems.duo.networks import Generator

from purereid.data.transforms import standardise
from purereid.generation.training_data import TrainingData
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser


class Trainer(BaseTrainer):
    columns = ("loss", "pixels", "features", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        size = {name: settings[name] for name in ("height", "width")}
        self.data = TrainingData(inputs.index, size=tuple(size.values()), threads=inputs.threads, **inputs.files)
        self.set_length(settings["images_per_epoch"] // settings["batch"], settings["batch"])
        self.networks = {"encoder": inputs.continued("encoder", device), "generator": Generator(**size)}
        self.place()
        weights = [parameter for network in self.networks.values() for parameter in network.parameters()]
        self.optimisers = {"both": Optimiser(torch.optim.Adam(weights), settings["learning_rate"], lambda step: 1.0)}
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)

    def batch(self, step: int) -> torch.Tensor:
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        return torch.randint(len(self.data.images), (2, self.settings["batch"]), generator=draws)

    def update(self, step: int, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        source, pose = (self.data.images[rows].to(self.device) / 255 for rows in batch)
        made = self.networks["generator"](source, pose)
        pixels = (made - source).abs().mean()
        embed = self.networks["encoder"].embed
        features = (embed(standardise(made)) - embed(standardise(source))).square().mean()
        loss = pixels + self.settings["feature_weight"] * features
        self.learn(loss, "both")
        return {"loss": loss, "pixels": pixels, "features": features}
