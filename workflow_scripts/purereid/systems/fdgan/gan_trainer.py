"""What the stages II and III of FD-GAN share: a generator learns against two discriminators."""

from abc import abstractmethod
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from purereid.data.joints import FLIP
from purereid.data.transforms import augment, normalise
from purereid.errors import UserError
from purereid.losses.adversarial import REAL, adversarial
from purereid.reid.labelled_images import OPTIONS
from purereid.systems.fdgan.losses import same_pose, smoothed_targets
from purereid.systems.fdgan.pair_trainer import PairTrainer
from purereid.systems.fdgan.pose_maps import pose_maps
from purereid.systems.fdgan.recognition import Encoder
from purereid.systems.fdgan.schedule import rate_factor
from purereid.training.freezing import at_rest
from purereid.training.optimisers import build_optimiser
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import Optimiser

DISCRIMINATORS = ("discriminator_identity", "discriminator_pose")
ERASING = {name: setting for name, setting in OPTIONS.items() if name.startswith("erase")}  # of ``augment``
DECAY = 1e-4  # of the discriminators' weights, as published


class Batch(NamedTuple):
    """B pairs as 2 B images: the first of all pairs, then the second ones.

    Attributes:
        source: float32 [2 B, 3, H, W], normalised, mirrored and erased at random.
        target: uint8 [2 B, 3, H, W], what each is to be turned into.
        keypoints: float32 [2 B, 18, 3], of the targets.
        sigma: float32 [2 B], of their pose maps.
        mirrored: bool [2 B], which targets are to be mirrored, with their maps.
        noise: float32 [2 B, N], equal for the two images of a pair.
    """

    source: torch.Tensor
    target: torch.Tensor
    keypoints: torch.Tensor
    sigma: torch.Tensor
    mirrored: torch.Tensor
    noise: torch.Tensor


class GanTrainer(PairTrainer):
    """One update of each discriminator, then one of all that draws, per batch of pairs (Ge et al. 2018, section 3)."""

    columns = (
        *("loss", "fool_identity", "fool_pose", "l1", "same_pose"),
        *DISCRIMINATORS,
        # mean probability that a discriminator gives real and drawn images of being real
        *("identity_real", "identity_fake", "pose_real", "pose_fake"),
        "learning_rate",
    )

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(inputs, settings, device)
        torch.manual_seed(step_seed(self.seed, 0, 0))
        self.networks = self.start(inputs)
        self.generator = self.networks["generator"]
        _check_size(self.generator.encoder, self.size)
        self.place()
        self.optimisers = self._optimisers()
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)

    @abstractmethod
    def start(self, inputs: Inputs) -> dict[str, nn.Module]:
        """The networks by role, as the stage before left them or with weights of its own."""

    @abstractmethod
    def groups(self) -> list[dict]:
        """Parameters that learn to draw, as ``build_optimiser`` takes them."""

    @abstractmethod
    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Features float32 [2 B, D] of the sources."""

    def further(self, features: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor | float]:
        """Further values for the curves, and what they add to the loss."""
        return {}, 0.0

    def place(self) -> None:
        """Encoders keep the statistics of their batch normalisation, as in the published code."""
        super().place()
        self.generator.encoder.eval()
        self.networks["discriminator_identity"].eval()

    def batch(self, step: int) -> Batch:
        """What a step learns from."""
        settings, pairs = self.settings, self.pairs.batch(step)
        rows = torch.from_numpy(self.pairs.targets(step, pairs).T.reshape(-1))
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        sigmas = torch.tensor(settings["pose_sigmas"], dtype=torch.float32)
        sigma = sigmas[torch.randint(len(sigmas), rows.shape, generator=draws)]
        mirrored = torch.rand(rows.shape, generator=draws) < settings["flip"]
        for drawn in (sigma, mirrored):  # the two images of one person have one target
            first, second = drawn.chunk(2)
            second[self.pairs.same] = first[self.pairs.same]
        noise = torch.randn(self.pairs.size, settings["noise"], generator=draws).repeat(2, 1)
        source = self._sources(pairs.T.reshape(-1), draws)
        return Batch(source, self.data.images[rows], self.keypoints[rows], sigma, mirrored, noise)

    def update(self, step: int, batch: Batch) -> dict[str, torch.Tensor | float]:
        """One update of all networks that learn."""
        batch = Batch(*(values.to(self.device) for values in batch))
        target, maps = self._targets(batch)
        with self.autocast():
            features = self.features(batch.source)
            fake = self.generator(features, maps, batch.noise)
        values = self._update_identity(step, batch.source, target, fake.detach())
        values |= self._update_pose(step, maps, target, fake.detach())
        return self._update_generator(features, fake, batch.source, target, maps) | values

    def _sources(self, rows: np.ndarray, draws: torch.Generator) -> torch.Tensor:
        erasing = {name: self.settings[setting] for name, setting in ERASING.items()}
        flip, encoder = self.settings["flip"], self.generator.encoder.configuration
        statistics = {name: encoder[name] for name in ("mean", "std")}
        return augment(self.images(rows), draws, self.device, flip=flip, pad=0, **erasing, **statistics)

    def _targets(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised targets float32 [2 B, 3, H, W] and their pose maps [2 B, 18, H, W], mirrored where they are to be.

        In the mirror image of a person the right arm stands where a left one would. The published code mirrors the maps
        and lets each keep its joint: ``swap_sides: false``.
        """
        encoder = self.generator.encoder.configuration
        target = normalise(batch.target, encoder["mean"], encoder["std"])
        maps = pose_maps(batch.keypoints, batch.sigma, self.size)
        turned = maps.flip(3)[:, FLIP.tolist()] if self.settings["swap_sides"] else maps.flip(3)
        mirrored = batch.mirrored[:, None, None, None]
        return torch.where(mirrored, target.flip(3), target), torch.where(mirrored, turned, maps)

    def _update_identity(
        self, step: int, source: torch.Tensor, target: torch.Tensor, fake: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        network = self.networks["discriminator_identity"]
        with self.autocast():  # one pass: without statistics of the batch images do not touch each other
            person, real, drawn = network.embed(torch.cat([source, target, fake])).chunk(3)
            on_real, on_fake = network(person, real), network(person, drawn)
        return self._update_discriminator(step, "identity", on_real, on_fake)

    def _update_pose(
        self, step: int, maps: torch.Tensor, target: torch.Tensor, fake: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        network = self.networks["discriminator_pose"]
        with self.autocast():
            on_real, on_fake = network(maps, target), network(maps, fake)
        return self._update_discriminator(step, "pose", on_real, on_fake)

    def _update_discriminator(
        self, step: int, kind: str, on_real: torch.Tensor, on_fake: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        name, width = f"discriminator_{kind}", self.settings["smoothing"]
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 2 + DISCRIMINATORS.index(name)))
        real, fake = smoothed_targets(width, draws)
        loss = (adversarial(on_real, real) + adversarial(on_fake, fake)) / 2
        self.learn(loss, name)
        seen = {"real": on_real, "fake": on_fake}
        return {name: loss} | {f"{kind}_{what}": logits.float().sigmoid().mean() for what, logits in seen.items()}

    def _update_generator(
        self, features: torch.Tensor, fake: torch.Tensor, source: torch.Tensor, target: torch.Tensor, maps: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        settings = self.settings
        identity, pose = (self.networks[name] for name in DISCRIMINATORS)
        with at_rest(identity, pose), self.autocast():
            on_identity, on_pose = identity(*identity.embed(torch.cat([source, fake])).chunk(2)), pose(maps, fake)
        values = {
            "fool_identity": adversarial(on_identity, REAL),
            "fool_pose": adversarial(on_pose, REAL),
            "l1": (fake - target).abs().mean(),
            "same_pose": same_pose(*fake.chunk(2), self.same),
        }
        more, added = self.further(features)
        loss = added + sum(settings[f"{name}_weight"] * value for name, value in values.items())
        self.learn(loss, "generator")
        return {"loss": loss, **values, **more}

    def _optimisers(self) -> dict[str, Optimiser]:
        settings = self.settings
        factor = partial(rate_factor, **{name: settings[name] for name in ("epochs", "schedule", "flat_epochs")})
        factor = partial(factor, steps_per_epoch=self.steps_per_epoch)
        if self.steps and factor(0) == 0:
            raise UserError(
                f"nothing would be learnt: the rate of each of {settings['epochs']} epochs is 0",
                where="schedule, epochs and flat_epochs of a stage of fdgan",
                expected="a schedule other than published for a single epoch",
            )
        rate = settings["learning_rate"]
        found = {"generator": Optimiser(build_optimiser("adam", self.groups(), rate, betas=(0.5, 0.999)), rate, factor)}
        for name in DISCRIMINATORS:
            groups = [{"params": list(self.networks[name].parameters()), "weight_decay": DECAY}]
            rate = settings[f"{name}_rate"]
            found[name] = Optimiser(build_optimiser("sgd", groups, rate), rate, factor)
        return found


def _check_size(encoder: Encoder, size: tuple[int, int]) -> None:
    known = encoder.configuration["height"], encoder.configuration["width"]
    if known != size:
        raise UserError(
            f"the encoder of the stage before takes images of {known[0]} x {known[1]}",
            where="train_reid.height, train_reid.width",
            expected=f"{size[0]} x {size[1]}, the size of this stage",
            do="train the stage verify with the same size",
        )
