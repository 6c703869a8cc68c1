"""Train the pose-guided generator against two discriminators."""

from functools import partial

import torch

from purereid.errors import UserError
from purereid.generation.pixels import to_range
from purereid.generation.training_data import TrainingData
from purereid.logs import log
from purereid.losses.adversarial import FAKE, REAL, adversarial
from purereid.networks.network_file import load_network
from purereid.systems.posegan.history import History
from purereid.systems.posegan.losses.encoder_features import EncoderFeatures
from purereid.systems.posegan.losses.identity import identity_loss
from purereid.systems.posegan.losses.map_distance import map_distance
from purereid.systems.posegan.losses.perceptual import PerceptualLoss
from purereid.systems.posegan.networks import PARTS, Discriminator, Generator
from purereid.systems.posegan.schedule import identity_factor, rate_factor
from purereid.training.freezing import at_rest
from purereid.training.optimisers import adam_with_faster_biases
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser

OF_ENCODER = ("encoder_maps", "identity")  # losses in what an encoder sees
# what each discriminator sees beside the image, in channels
DISCRIMINATORS = {"discriminator_pose": PARTS, "discriminator_source": 3}


class Trainer(BaseTrainer):
    """One update of the generator, then one of each discriminator, per batch of random pairs.

    Published code of "Generate and Purify: Efficient Person Data Generation for Re-Identification" (Lu et al.).
    Images are not augmented. With the settings of the paper the generator minimises
    5/2 BCE(D_source) + 5/2 BCE(D_pose) + 10 L1 + 20 L_perceptual + f(epoch) L_identity. Distances of the maps of
    discriminators (matching) and encoder are not theirs.
    """

    columns = ("loss", "adversarial", "matching", "l1", "perceptual", "encoder_maps", "identity", *DISCRIMINATORS)
    columns += ("learning_rate",)

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        size = {"height": settings["height"], "width": settings["width"]}
        files = {name: path for name, path in inputs.files.items() if name != "encoder"}
        self.data = TrainingData(inputs.index, size=tuple(size.values()), threads=inputs.threads, **files)
        self.set_length(max(1, settings["images_per_epoch"] // settings["batch"]), settings["batch"])
        torch.manual_seed(step_seed(self.seed, 0, 0))
        shape = {name: settings[name] for name in ("channels", "blocks", "kernel", "upsampling")}
        self.networks = {"generator": Generator(**size, **shape)}
        shape = {name: settings[f"discriminator_{name}"] for name in ("channels", "blocks", "form")}
        self.networks |= {name: Discriminator(inputs=3 + more, **shape) for name, more in DISCRIMINATORS.items()}
        self.place()
        self.optimisers = {name: self._optimiser(network) for name, network in self.networks.items()}
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)
        self.histories = {name: History(settings["history"]) for name in DISCRIMINATORS}
        self._check_matching()
        self.perceptual, self.encoder = self._perceptual_loss(), self._encoder(inputs.files.get("encoder"))

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """Source and target images of random pairs, uint8 [B, 3, H, W], and the body-part maps of the targets."""
        generator = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        source, target = self.data.draw_pairs(self.settings["batch"], generator)
        parts = self.data.guides.of("parts", [self.data.names[row] for row in target])
        return {"source": self.data.images[source], "target": self.data.images[target], "parts": parts}

    def update(self, step: int, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor | float]:
        """One update of all networks."""
        batch = {name: values.to(self.device) for name, values in batch.items()}
        source, target = to_range(batch["source"]), to_range(batch["target"])
        conditions = {"discriminator_pose": batch["parts"], "discriminator_source": source}
        with self.autocast():
            fake = self.networks["generator"](source, batch["parts"])
        parts = self._update_generator(step, fake.float(), target, conditions)
        parts |= {
            name: self._update_discriminator(step, name, fake, target, conditions[name]) for name in DISCRIMINATORS
        }
        return parts

    def state(self) -> dict:
        """Also the discriminators' earlier fakes."""
        return super().state() | {"histories": {name: pool.images for name, pool in self.histories.items()}}

    def restore(self, state: dict) -> None:
        """Take up a state."""
        super().restore(state)
        for name, pool in self.histories.items():
            pool.images = state["histories"][name]

    def _update_generator(
        self, step: int, fake: torch.Tensor, target: torch.Tensor, conditions: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        parts = self._judged(fake, target, conditions)
        parts["l1"] = (fake - target).abs().mean()
        parts["perceptual"] = self.perceptual(fake, target) if self.perceptual else fake.new_zeros(())
        parts |= self._seen(fake, target) if self.encoder else dict.fromkeys(OF_ENCODER, fake.new_zeros(()))
        weights = {name: self.settings[f"{name}_weight"] for name in parts}
        weights["identity"] *= identity_factor(self.epoch(step), *self.settings["identity_epochs"])
        for name in ("adversarial", "matching"):  # the weights are of the mean of the two discriminators
            weights[name] /= 2
        loss = sum(weight * parts[name] for name, weight in weights.items() if weight)
        self.learn(loss, "generator")
        return {"loss": loss, **parts}

    def _judged(
        self, fake: torch.Tensor, target: torch.Tensor, conditions: dict[str, torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        """Sums over the discriminators: the loss for not calling the fakes real, and the distance of their maps.

        The discriminators do not learn from it.
        """
        fooling, matching = fake.new_zeros(()), fake.new_zeros(())
        for name, condition in conditions.items():
            discriminator = self.networks[name]
            with at_rest(discriminator), self.autocast():
                *maps, logits = discriminator.maps(torch.cat([fake, condition], dim=1))
            fooling = fooling + adversarial(logits, REAL)
            if self.settings["matching_weight"]:
                with self.autocast(), torch.no_grad():
                    *wanted, _ = discriminator.maps(torch.cat([target, condition], dim=1))
                matching = matching + map_distance(maps, wanted)
        return {"adversarial": fooling, "matching": matching}

    def _seen(self, fake: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the encoder sees of the fakes beside what it sees of the true images, see ``OF_ENCODER``."""
        with torch.no_grad():
            wanted = self.encoder(target)
        seen = self.encoder(fake)
        return {
            "encoder_maps": map_distance(seen.maps, wanted.maps),
            "identity": identity_loss(seen.feature, wanted.feature),
        }

    def _update_discriminator(
        self, step: int, name: str, fake: torch.Tensor, target: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 2 + list(DISCRIMINATORS).index(name)))
        pair = torch.cat([fake.detach().float(), condition], dim=1)
        pair = self.histories[name].exchange(pair, draws).contiguous(memory_format=torch.channels_last)
        with self.autocast():
            on_real = self.networks[name](torch.cat([target, condition], dim=1))
            on_fake = self.networks[name](pair)
        loss = adversarial(on_real, REAL) + adversarial(on_fake, FAKE)
        self.learn(self.settings["adversarial_weight"] / 2 * loss, name)
        return loss

    def _optimiser(self, network: torch.nn.Module) -> Optimiser:
        rates = {"learning_rate": self.settings["learning_rate"], "weight_decay": self.settings["weight_decay"]}
        adam = adam_with_faster_biases(network, **rates, betas=(0.5, 0.999))
        names = ("epochs", "schedule", "warmup_epochs")
        options = {name: self.settings[name] for name in names} | {"steps_per_epoch": self.steps_per_epoch}
        return Optimiser(adam, self.settings["learning_rate"], partial(rate_factor, **options))

    def _perceptual_loss(self) -> PerceptualLoss | None:
        path, checksum = self.settings["perceptual_weights"], self.settings["perceptual_weights_sha256"]
        if not self.settings["perceptual_weight"]:
            return None
        if not path:
            log.warning("NO PERCEPTUAL LOSS: train_gan.posegan.perceptual_weights names no VGG-19 weights")
            return None
        return PerceptualLoss(path, checksum).to(self.device)

    def _encoder(self, encoder: str | None) -> EncoderFeatures | None:
        if not self.settings["identity_weight"] and not self.settings["encoder_maps_weight"]:
            return None
        if encoder is None:
            log.warning("NO IDENTITY LOSS AND NO ENCODER MAPS: train_gan.posegan.teacher names no experiment")
            return None
        network = load_network(encoder, "encoder")
        if not any(True for _ in network.backbone.parameters()):
            raise UserError(
                "the encoder has no weights that were learnt, so that nothing is learnt from it",
                where="train_gan.posegan.teacher",
                expected="an experiment whose network learns",
            )
        return EncoderFeatures(network).to(self.device)

    def _check_matching(self) -> None:
        if self.settings["matching_weight"] and not self.settings["adversarial_weight"]:
            raise UserError(
                "the maps of discriminators that do not learn shall be matched",
                where="train_gan.posegan.matching_weight",
                expected="0, or an adversarial_weight above 0",
            )
