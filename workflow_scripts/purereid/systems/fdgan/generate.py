"""Stage II: a generator learns to draw from the features of the encoder, which rests."""

import torch
from torch import nn

from purereid.systems.fdgan.gan_trainer import GanTrainer
from purereid.systems.fdgan.networks import DiscriminatorIdentity, DiscriminatorPose, Generator
from purereid.training.freezing import freeze
from purereid.training.stage import Inputs

OF_GENERATOR = ("height", "width", "channels", "pose_features", "noise", "dropout", "skips", "fusion", "output")


class Trainer(GanTrainer):
    """Nothing of the encoder changes; the discriminator of identities begins as encoder and verifier."""

    def start(self, inputs: Inputs) -> dict[str, nn.Module]:
        """New networks round the encoder of stage I."""
        encoder, verifier = (inputs.continued(role, self.device) for role in ("encoder", "verifier"))
        known = encoder.configuration
        generator = Generator(encoder=known, **{name: self.settings[name] for name in OF_GENERATOR})
        generator.encoder.load_state_dict(encoder.state_dict())
        identity = DiscriminatorIdentity(encoder=known)
        identity.start_from(encoder, verifier)
        pose = DiscriminatorPose(channels=self.settings["discriminator_channels"])
        return {"generator": generator, "discriminator_identity": identity, "discriminator_pose": pose}

    def place(self) -> None:
        """Also freeze the encoder."""
        super().place()
        freeze(self.networks["generator"].encoder)

    def groups(self) -> list[dict]:
        """All of the generator but the encoder."""
        learning = [parameter for parameter in self.generator.parameters() if parameter.requires_grad]
        return [{"params": learning, "weight_decay": 0.0}]

    @torch.no_grad()
    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Features of the sources; they teach the encoder nothing."""
        return self.generator.encoder.embed(images)
