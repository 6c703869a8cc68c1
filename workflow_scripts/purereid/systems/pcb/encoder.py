"""Train an encoder of parts (Sun et al., ECCV 2018), in the form of "Generate and Purify" (Lu et al.)."""

import torch

from purereid.losses.cross_entropy import cross_entropy
from purereid.reid.encoder_trainer import EncoderTrainer
from purereid.reid.labelled_images import Truth
from purereid.systems.pcb.networks import Encoder

OF_ENCODER = (
    *("backbone", "last_stride", "height", "width", "resizing"),
    *("parts", "part_width", "part_dropout"),
)


class Trainer(EncoderTrainer):
    """The sum of the cross entropies of all parts. The curves show the cross entropy of their mean logits."""

    def build(self, pids: list[int], extra_class: bool) -> Encoder:
        """The encoder of the settings."""
        return Encoder(pids=pids, extra_class=extra_class, **{name: self.settings[name] for name in OF_ENCODER})

    def logits(self, outputs: torch.Tensor) -> torch.Tensor:
        """The mean of the parts."""
        return outputs.mean(dim=1)

    def learn_from(self, outputs: torch.Tensor, truth: Truth) -> dict[str, torch.Tensor]:
        """Minimise the loss of the logits float32 [B, P, K]."""
        soft = truth.targets(self.logits(outputs), self.settings["label_smoothing"])
        loss = sum(cross_entropy(logits, soft, truth.weights) for logits in outputs.unbind(1))
        self.learn(loss, "encoder")
        return {"loss": loss}
