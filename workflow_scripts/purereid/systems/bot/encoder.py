"""Train an encoder with the BoT recipe (Luo et al. 2019, Bag of Tricks), each trick a setting."""

import torch

from purereid.losses.centre import CentreLoss, centre_optimiser
from purereid.losses.cross_entropy import cross_entropy
from purereid.losses.triplet import batch_hard_triplet
from purereid.reid.encoder_trainer import EncoderTrainer
from purereid.reid.labelled_images import Truth
from purereid.systems.bot.networks import Encoder
from purereid.training.schedule import constant
from purereid.training.trainer import Optimiser

OF_ENCODER = (
    *("backbone", "last_stride", "height", "width", "resizing"),
    *("pooling", "bnneck", "bottleneck", "bottleneck_activation", "bottleneck_dropout", "embedding"),
)


class Trainer(EncoderTrainer):
    """Cross entropy, batch-hard triplet loss and, where it has a weight, centre loss."""

    further = ("triplet",)

    def build(self, pids: list[int], extra_class: bool) -> Encoder:
        """The encoder of the settings."""
        return Encoder(pids=pids, extra_class=extra_class, **{name: self.settings[name] for name in OF_ENCODER})

    def logits(self, outputs: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """The second of the outputs."""
        return outputs[1]

    def learn_from(self, outputs: tuple[torch.Tensor, torch.Tensor], truth: Truth) -> dict[str, torch.Tensor]:
        """Minimise the losses of pooled features float32 [B, D] and logits float32 [B, K]."""
        settings, (pooled, logits) = self.settings, outputs
        margin = None if settings["soft_margin"] else settings["margin"]
        triplet = batch_hard_triplet(pooled, truth.known, truth.weights, margin)
        soft = truth.targets(logits, settings["label_smoothing"])
        loss = cross_entropy(logits, soft, truth.weights) + settings["triplet_weight"] * triplet
        values = {"triplet": triplet}
        if "centres" in self.networks:
            values["centre"] = self.networks["centres"](pooled, truth.known, truth.weights)
            loss = loss + settings["centre_weight"] * values["centre"]
        self.learn(loss, *self.optimisers)
        return {"loss": loss, **values}

    def prepare(self) -> None:
        """Also the centres of the centre loss."""
        super().prepare()
        weight, rate = self.settings["centre_weight"], self.settings["centre_learning_rate"]
        if weight:
            self.further = ("triplet", "centre")
            centres = self.networks["centres"] = CentreLoss(self.classes, self.encoder.features).to(self.device)
            self.optimisers["centres"] = Optimiser(centre_optimiser(centres, rate, weight), rate / weight, constant)
