"""Stage III: encoder, verifier and generator learn together."""

import torch
from torch import nn

from purereid.systems.fdgan.gan_trainer import DISCRIMINATORS, GanTrainer
from purereid.systems.fdgan.losses import verification
from purereid.training.stage import Inputs


class Trainer(GanTrainer):
    """The encoder learns from the verifier and from what is drawn from its features."""

    columns = (*GanTrainer.columns[:-1], "verification", "learning_rate")

    def start(self, inputs: Inputs) -> dict[str, nn.Module]:
        """The networks of stage II, and the verifier of stage I."""
        found = {role: inputs.continued(role, self.device) for role in ("verifier", "generator", *DISCRIMINATORS)}
        return {"encoder": found["generator"].encoder} | found

    def place(self) -> None:
        """The verifier keeps its statistics too."""
        super().place()
        self.networks["verifier"].eval()

    def groups(self) -> list[dict]:
        """Verifier, encoder and the rest of the generator, the latter two with rates of their own."""
        encoder = list(self.networks["encoder"].parameters())
        drawing = [parameter for parameter in self.generator.parameters() if parameter not in set(encoder)]
        parts = (
            (list(self.networks["verifier"].parameters()), 1),
            (encoder, self.settings["encoder_factor"]),
            (drawing, self.settings["generator_factor"]),
        )
        return [{"params": part, "weight_decay": 0.0, "factor": factor} for part, factor in parts]

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Features of the sources, which the encoder learns from."""
        return self.networks["encoder"].embed(images)

    def further(self, features: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """The loss of stage I goes on."""
        loss = verification(self.networks["verifier"](*features.chunk(2)), self.same)
        return {"verification": loss}, self.settings["verification_weight"] * loss
