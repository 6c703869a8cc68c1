"""What an encoder sees in images that are being generated."""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from purereid.data.transforms import standardise
from purereid.networks.backbones import stages
from purereid.networks.contracts import Encoder


class Seen(NamedTuple):
    """Attributes: feature [B, D] and maps [B, C, h, w], one of each stage of the backbone."""

    feature: torch.Tensor
    maps: list[torch.Tensor]


class EncoderFeatures(nn.Module):
    """Feature and maps of images, from one pass through a frozen encoder with the input size that it was trained for.

    Args:
        encoder: a network of that role; it is frozen.
    """

    def __init__(self, encoder: Encoder):
        super().__init__()
        self.encoder = encoder.eval().requires_grad_(False)
        self.size = encoder.configuration["height"], encoder.configuration["width"]
        self.maps: list[torch.Tensor] = []
        for stage in stages(encoder.backbone):
            stage.register_forward_hook(lambda *passed: self.maps.append(passed[-1]))

    def forward(self, images: torch.Tensor) -> Seen:
        """What is seen in images float [B, 3, H, W] in -1..1."""
        images = functional.interpolate(images.float(), self.size, mode="bilinear", align_corners=False, antialias=True)
        mean, std = (self.encoder.configuration[name] for name in ("mean", "std"))
        feature = self.encoder.embed(standardise((images + 1) / 2, mean, std))
        maps, self.maps = self.maps, []
        return Seen(feature, maps)
