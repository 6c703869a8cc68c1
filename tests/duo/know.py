"""Stage 1: an encoder that knows the training identities."""

import numpy as np
import torch
from purereid.systems.duo.networks import Encoder
from torch.nn import functional

from purereid.data.transforms import MEAN, STD, normalise
from purereid.generation.training_data import TrainingData
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser


class Trainer(BaseTrainer):
    columns = ("loss", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        size = {name: settings[name] for name in ("height", "width")}
        self.data = TrainingData(inputs.index, size=tuple(size.values()), threads=inputs.threads)
        self.set_length(settings["images_per_epoch"] // settings["batch"], settings["batch"])
        pids, labels = np.unique(self.data.pids, return_inverse=True)
        self.labels = torch.from_numpy(labels)
        torch.manual_seed(step_seed(self.seed, 0))
        encoder = Encoder(**size, resizing=settings["resizing"], mean=list(MEAN), std=list(STD), pids=pids.tolist())
        self.networks = {"encoder": encoder}
        self.place()
        adam = torch.optim.Adam(encoder.parameters())
        self.optimisers = {"encoder": Optimiser(adam, settings["learning_rate"], lambda step: 1.0)}

    def batch(self, step: int) -> torch.Tensor:
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        return torch.randint(len(self.data.images), (self.settings["batch"],), generator=draws)

    def update(self, step: int, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        encoder = self.networks["encoder"]
        logits = encoder.classifier(encoder.embed(normalise(self.data.images[batch].to(self.device))))
        loss = functional.cross_entropy(logits, self.labels[batch].to(self.device))
        self.learn(loss, "encoder")
        return {"loss": loss}
