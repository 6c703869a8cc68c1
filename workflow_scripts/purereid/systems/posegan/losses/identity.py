"""The identity loss: a generated image should look to a reID model like the person it shows."""

import torch
from torch import nn
from torch.nn import functional

from purereid.data.transforms import standardise
from purereid.networks.contracts import Encoder

LEAST_ANGLE = 0.4  # radians; nearer features cost nothing
CLAMP = 1 - 1e-5  # of cosines, where the arc cosine has no gradient


class IdentityLoss(nn.Module):
    """Angle between the features of generated and true image beyond 0.4 radians, mean over the batch.

    As in the published code of generate-and-purify: features of a frozen reID network, standardised by the statistics
    of their own batch without learnt scale (which undoes that of a neck), brought to length 1. There the network is a
    ResNet-50 of its own with weights that cannot be had; here it is an encoder of this workflow with the input it was
    trained for.

    Args:
        encoder: a network of that role; it is frozen.
    """

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder.eval().requires_grad_(False)
        self.size = encoder.configuration["height"], encoder.configuration["width"]

    def forward(self, generated: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        """float32 scalar in 0..pi - 0.4 from images float [B, 3, H, W] in -1..1."""
        with torch.no_grad():
            wanted = self._features(true)
        return angle_loss(self._features(generated), wanted)

    def _features(self, images: torch.Tensor) -> torch.Tensor:
        images = functional.interpolate(images.float(), self.size, mode="bilinear", align_corners=False, antialias=True)
        mean, std = (self.encoder.configuration[name] for name in ("mean", "std"))
        return self.encoder.embed(standardise((images + 1) / 2, mean, std))


def angle_loss(features: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """mean(max(theta - 0.4, 0)), theta the angle between rows of features [B, D] after standardisation."""
    cosine = functional.cosine_similarity(_standardised(features), _standardised(wanted), dim=1)
    theta = torch.acos(cosine.clamp(-CLAMP, CLAMP))
    return (theta - LEAST_ANGLE).clamp(min=0).mean()


def _standardised(features: torch.Tensor) -> torch.Tensor:
    return functional.batch_norm(features.float(), None, None, training=True)
