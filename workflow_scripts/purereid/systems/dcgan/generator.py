"""Train the unconditional generator against a discriminator."""

import torch

from purereid.data.transforms import crop_and_flip
from purereid.generation.pixels import to_range
from purereid.generation.training_data import TrainingData
from purereid.losses.adversarial import FAKE, REAL, adversarial
from purereid.systems.dcgan.networks import NOISE, Discriminator, Generator
from purereid.training.freezing import at_rest
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser


class Trainer(BaseTrainer):
    """One update of the discriminator, then two of the generator with the same noise, per batch of images.

    As in the code published with LSRO (Zheng et al., ICCV 2017), with two differences: the images of an epoch are
    shuffled (there they come in the order of their files), and none is stretched to its own range of grey levels.
    """

    columns = ("loss", "discriminator_real", "discriminator_fake", "learning_rate")

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        size = settings["height"], settings["width"]
        self.data = TrainingData(inputs.index, size=size, splits=settings["splits"], threads=inputs.threads)
        self.set_length(max(1, settings["images_per_epoch"] // settings["batch"]), settings["batch"])
        torch.manual_seed(step_seed(self.seed, 0, 0))
        shape = {name: settings[name] for name in ("height", "width", "channels")}
        self.networks = {"generator": Generator(**shape), "discriminator": Discriminator(**shape)}
        self.place()
        self.optimisers = {name: self._optimiser(network) for name, network in self.networks.items()}
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [B, 3, H, W] of which each comes once before any comes again, and noise float [B, 100]."""
        size = self.settings["batch"]
        rows = self._shuffled_rows(torch.arange(step * size, (step + 1) * size))
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 2))
        chosen = self.data.images[rows].permute(0, 2, 3, 1).numpy()
        images = crop_and_flip(chosen, draws, flip=self.settings["flip"], pad=0)
        return images, torch.rand(size, NOISE, generator=draws) * 2 - 1

    def update(self, step: int, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor | float]:
        """One update of the discriminator and two of the generator."""
        images, draws = (values.to(self.device) for values in batch)
        parts = self._update_discriminator(to_range(images), draws)
        for _ in range(self.settings["generator_updates"]):
            parts["loss"] = self._update_generator(draws)
        return parts

    def _shuffled_rows(self, positions: torch.Tensor) -> torch.Tensor:
        """Rows of the images at some positions of an endless list: all images in one random order after another."""
        count, rows = len(self.data.images), []
        for number in (positions // count).unique().tolist():
            order = torch.randperm(count, generator=torch.Generator().manual_seed(step_seed(self.seed, number, 1)))
            rows.append(order[positions[positions // count == number] % count])
        return torch.cat(rows)

    def _update_discriminator(self, images: torch.Tensor, draws: torch.Tensor) -> dict[str, torch.Tensor]:
        with self.autocast():
            with torch.no_grad():
                fakes = self.networks["generator"](draws)
            on_real, on_fake = self.networks["discriminator"](images), self.networks["discriminator"](fakes)
        real, fake = adversarial(on_real, REAL), adversarial(on_fake, FAKE)
        self.learn(real + fake, "discriminator")
        return {"discriminator_real": real, "discriminator_fake": fake}

    def _update_generator(self, draws: torch.Tensor) -> torch.Tensor:
        discriminator = self.networks["discriminator"]
        with at_rest(discriminator), self.autocast():
            logits = discriminator(self.networks["generator"](draws))
        loss = adversarial(logits, REAL)
        self.learn(loss, "generator")
        return loss

    def _optimiser(self, network: torch.nn.Module) -> Optimiser:
        adam = torch.optim.Adam(network.parameters(), betas=(0.5, 0.999))
        return Optimiser(adam, self.settings["learning_rate"], scheduled(self.settings, self.steps_per_epoch))
