"""The only stage: what recognises, what draws and what judges learn together, from each other."""

from typing import NamedTuple

import numpy as np
import torch

from purereid.data.transforms import augment, erase_randomly, erasing_fill
from purereid.generation.training_data import TrainingData
from purereid.networks.pretrained import start_backbone
from purereid.reid.teacher import Teacher
from purereid.systems.dgnet.batches import Batches
from purereid.systems.dgnet.checks import WITHOUT_TEACHER
from purereid.systems.dgnet.discrimination import Discriminator
from purereid.systems.dgnet.frozen import frozen_pass
from purereid.systems.dgnet.generation import Generator
from purereid.systems.dgnet.labels import primary_targets
from purereid.systems.dgnet.losses import (
    FAKE,
    HALVES,
    REAL,
    classification,
    difference,
    divergence,
    gradient_penalty,
    least_squares,
)
from purereid.systems.dgnet.ramp import late_weight, ramp
from purereid.systems.dgnet.recognition import Encoder
from purereid.training.alarm import GuessingAlarm
from purereid.training.freezing import at_rest
from purereid.training.optimisers import backbone_and_new, build_optimiser
from purereid.training.schedule import scheduled
from purereid.training.seeds import step_seed
from purereid.training.stage import Inputs
from purereid.training.trainer import BaseTrainer, Optimiser

OF_ENCODER = (
    *("backbone", "last_stride", "height", "width", "resizing"),
    *("bottleneck", "primary_dropout", "fine_dropout"),
)
LATE = ("structure", "appearance", "cycle", "primary")  # losses that join later
BETAS = 0.0, 0.999  # of Adam, as published


class Batch(NamedTuple):
    """Images a, images b (B each), and another image of the person of each of them.

    Attributes:
        images: float32 [4 B, 3, H, W], normalised: a, b, positives of a, positives of b.
        erased: the same, with random erasing.
        labels: int64 [2 B], of a and b.
        sees: whether in this step the structure encoder learns to see the structure of what is drawn; otherwise who
            draws learns to show it. The published code throws a coin.
    """

    images: torch.Tensor
    erased: torch.Tensor
    labels: torch.Tensor
    sees: bool


class Trainer(BaseTrainer):
    """One update of the discriminator, then one of all others, per batch (Zheng et al. 2019, section 3).

    In the names of the paper, an image a in the appearance of a and the structure of b is x_ba. Tensors of both halves
    hold a and then b; ``other`` exchanges the halves. So what is drawn from ``other(structure)`` and ``appearance`` has
    the appearance of image i in its place i.
    """

    columns = (
        *("loss", "adversarial", "self", "positive", "structure", "appearance", "cycle"),
        *("identity", "positive_identity", "drawn_identity", "primary", "fine"),
        *("discriminator", "penalty", "score_real", "score_fake", "accuracy", "learning_rate"),
    )

    def __init__(self, inputs: Inputs, settings: dict, device: torch.device):
        super().__init__(settings, device)
        options = {name: settings[name] for name in ("splits", "resizing")}
        size = settings["height"], settings["width"]
        self.data = TrainingData(inputs.index, size=size, threads=inputs.threads, **options)
        pids, labels = np.unique(self.data.pids, return_inverse=True)
        self.labels = torch.from_numpy(labels)
        self.batches = Batches(
            self.data.pids,
            size=settings["batch"],
            seed=self.seed,
            batches_per_epoch=settings["steps_per_epoch"],
        )
        self.set_length(self.batches.batches_per_epoch, HALVES * settings["batch"])
        torch.manual_seed(step_seed(self.seed, 0, 0))
        self.networks = self._networks(pids.tolist())
        self.teacher = self._teacher(inputs)
        self.place()
        self.optimisers = self._optimisers()
        self.alarm = GuessingAlarm(len(pids), settings["alarm_after"])
        self.samples = self.data.samples(inputs.conditions, settings, self.steps)

    def batch(self, step: int) -> Batch:
        """What a step learns from."""
        rows = torch.from_numpy(self.batches.batch(step))
        draws = torch.Generator().manual_seed(step_seed(self.seed, step, 1))
        settings, statistics = self.settings, {name: self.encoder.configuration[name] for name in ("mean", "std")}
        chosen = self.data.images[rows.flatten()].permute(0, 2, 3, 1).contiguous().numpy()
        moving = {name: settings[name] for name in ("flip", "pad")}
        images = augment(list(chosen), draws, self.device, **moving, erase=0.0, **statistics)
        fill = erasing_fill(settings["erasing_fill"], len(images), draws, **statistics)
        form = {"area": settings["erasing_area"], "aspect": settings["erasing_aspect"], "fill": fill}
        erased = erase_randomly(images.clone(), draws, settings["random_erasing"], **form)
        sees = bool(torch.rand((), generator=draws) < 0.5)
        return Batch(images, erased, self.labels[rows[:2].flatten()], sees)

    def update(self, step: int, batch: Batch) -> dict[str, torch.Tensor | float]:
        """One update of the discriminator, then one of encoder and generator."""
        batch = Batch(*(each.to(self.device) if torch.is_tensor(each) else each for each in batch))
        weights, images = self.weights(step), batch.images.chunk(2)[0]
        with self.autocast():
            appearance, of_positives = self._appearance(batch.images)
            structure = self.generator.structure(images)
            own, positive, swapped = self.generator.decoder(
                torch.cat([structure, structure, other(structure)]), torch.cat([appearance, of_positives, appearance])
            ).chunk(3)
        values = self._update_discriminator(images, swapped.detach())
        with at_rest(self.discriminator):
            drawing = self._drawing(batch, weights, structure, appearance, swapped)
            drawing |= {"self": difference(own, images), "positive": difference(positive, images)}
            recognising, accuracy = self._recognising(batch, weights, swapped.detach())
            terms = drawing | recognising
            loss = sum(weights[name] * value for name, value in terms.items())
            self.learn(loss, "generator", "encoder")
        return {"loss": loss, **dict.fromkeys(LATE, 0.0), "fine": 0.0, **terms, **values, "accuracy": accuracy}

    def watch(self, row: dict) -> None:
        """Warn once if the encoder still guesses after ``alarm_after`` steps."""
        self.alarm.look(row["step"], row["positive_identity"] / HALVES)

    def weights(self, step: int) -> dict[str, float]:
        """Weight of each loss in a step; late ones grow from ``ramp_start`` of the training on.

        ``primary_before`` is the late weight of the primary labels before it has grown in this step: it is what the
        fine head's loss on real images has, as published.
        """
        settings = self.settings
        start, growth = round(settings["ramp_start"] * self.steps), max(1, round(settings["ramp_growth"] * self.steps))
        found = {
            name: settings[f"{name}_weight"]
            for name in ("adversarial", "self", "positive", "identity", "positive_identity", "drawn_identity")
        }
        found |= {name: late_weight(step, start, growth, settings[f"{name}_weight"]) for name in LATE}
        before = ramp(step - 1, start, growth, settings["primary_weight"])
        return found | {"fine": settings["fine_share"] * found["primary"], "primary_before": before}

    def _appearance(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Appearance float32 [2 B, D, PARTS] of the images and of their positives.

        Each of the four parts of the batch has the statistics of its own, and moves those that the encoder keeps.
        """
        with torch.set_grad_enabled(not self.settings["detach_appearance"]):
            parts = [self.encoder.appearance(part) for part in images.chunk(4)]
        return torch.cat(parts[:2]), torch.cat(parts[2:])

    def _update_discriminator(self, images: torch.Tensor, drawn: torch.Tensor) -> dict[str, torch.Tensor]:
        """Real images pass in float32: the square of their gradient leaves the range of half precision."""
        weight = self.settings["penalty_weight"]
        images = images.clone().requires_grad_(weight > 0)
        on_real = self.discriminator(images)
        with self.autocast():
            on_fake = self.discriminator(drawn)
        penalty = gradient_penalty(on_real, images) if weight else torch.zeros((), device=images.device)
        loss = least_squares(on_real, REAL) + least_squares(on_fake, FAKE) + weight * penalty
        self.learn(loss, "discriminator")
        scores = {"score_real": _mean(on_real), "score_fake": _mean(on_fake)}
        return {"discriminator": loss, "penalty": penalty, **scores}

    def _drawing(
        self,
        batch: Batch,
        weights: dict[str, float],
        structure: torch.Tensor,
        appearance: torch.Tensor,
        swapped: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Losses of images drawn in the clothes of one and the shape of another, which nobody has seen."""
        with self.autocast():
            scores = self.discriminator(swapped)
            seen = [frozen_pass(self.encoder, half) for half in swapped.chunk(2)]
        logits, _, appearance_again = (torch.cat(parts) for parts in zip(*seen, strict=True))
        found = {
            "adversarial": 2 * least_squares(scores, REAL),  # twice, as published
            "drawn_identity": classification(logits, batch.labels),
        }
        if self.settings["detach_appearance"]:
            appearance_again = appearance_again.detach()
        if weights["appearance"]:
            found["appearance"] = difference(appearance_again, appearance)
        if weights["structure"] or weights["cycle"]:
            with self.autocast():
                network = self.generator.structure
                seen = network(swapped.detach()) if batch.sees else frozen_pass(network, swapped)
                structure_again = other(seen)
                if weights["cycle"]:
                    back = self.generator.decoder(structure_again, appearance_again)
                    found["cycle"] = difference(back, batch.images.chunk(2)[0])
            if weights["structure"]:
                found["structure"] = difference(structure_again, structure)
        return found

    def _recognising(
        self, batch: Batch, weights: dict[str, float], drawn: torch.Tensor
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Losses of the encoder, and the share of images that its primary head knows."""
        labels = batch.labels
        with self.autocast():
            seen = [self.encoder(part) for part in batch.erased.chunk(4)]
        primary, fine = (torch.cat([each[head] for each in seen]).chunk(2) for head in (0, 1))
        identity = classification(primary[0], labels)
        if weights["primary_before"]:
            share = self.settings["fine_share"] * weights["primary_before"]
            identity = identity + share * classification(fine[0], labels)
        found = {"identity": identity, "positive_identity": classification(primary[1], labels)}
        if weights["primary"]:
            found |= self._of_drawn(drawn, labels)
        return found, (primary[0].argmax(dim=1) == labels).float().mean()

    def _of_drawn(self, drawn: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """The primary head learns who the drawn image is taken for, the fine one whose shape it has."""
        with self.autocast():
            seen = [self.encoder(half) for half in drawn.chunk(2)]
            probable = self._probable(drawn)
        primary, fine = (torch.cat([each[head] for each in seen]) for head in (0, 1))
        targets = primary_targets(self.settings["primary_labels"], probable, labels, other(labels))
        return {"primary": divergence(primary, targets), "fine": classification(fine, other(labels))}

    def _probable(self, drawn: torch.Tensor) -> torch.Tensor:
        """What the teacher says of drawn images, half by half; without a teacher all persons are as probable."""
        if self.teacher is None:
            classes = len(self.encoder.configuration["pids"])
            return torch.full((len(drawn), classes), 1 / classes, device=drawn.device)
        return torch.cat([self.teacher.probabilities(half) for half in drawn.chunk(2)])

    def _networks(self, pids: list[int]) -> dict[str, torch.nn.Module]:
        settings = self.settings
        self.encoder = Encoder(pids=pids, **{name: settings[name] for name in OF_ENCODER})
        start_backbone(self.encoder.backbone, settings)
        self.generator = Generator(
            encoder=self.encoder.configuration,
            **{name: settings[name] for name in ("height", "width", "dilations", "style_width", "part_major")},
            **{name: settings[f"structure_{name}"] for name in ("channels", "blocks")},
        )
        self.generator.encoder = self.encoder
        self.discriminator = Discriminator(
            **{name: settings[f"discriminator_{name}"] for name in ("channels", "blocks", "scales", "std")}
        )
        return {"encoder": self.encoder, "generator": self.generator, "discriminator": self.discriminator}

    def _teacher(self, inputs: Inputs) -> Teacher | None:
        if "encoder" not in inputs.files or self.settings["primary_labels"] in WITHOUT_TEACHER:
            return None
        known = self.encoder.configuration
        return Teacher(inputs.files["encoder"], known, self.device, dropout=self.settings["teacher_dropout"])

    def _optimisers(self) -> dict[str, Optimiser]:
        settings, factor = self.settings, scheduled(self.settings, self.steps_per_epoch)
        drawing = [*self.generator.structure.parameters(), *self.generator.decoder.parameters()]
        found = {}
        for name, learning in (("generator", drawing), ("discriminator", list(self.discriminator.parameters()))):
            groups = [{"params": learning, "weight_decay": settings["weight_decay"]}]
            rate = settings["learning_rate" if name == "generator" else "discriminator_rate"]
            found[name] = Optimiser(build_optimiser("adam", groups, rate, betas=BETAS), rate, factor)
        groups = backbone_and_new(self.encoder, settings["backbone_factor"], settings["weight_decay"])
        rate = settings["encoder_rate"]
        return found | {"encoder": Optimiser(build_optimiser("nesterov", groups, rate), rate, factor)}


def other(values: torch.Tensor) -> torch.Tensor:
    """The same with the halves, images a and images b, exchanged."""
    return torch.cat(values.chunk(2)[::-1])


def _mean(scores: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack([each.detach().float().mean() for each in scores]).mean()
