"""An encoder that learnt no persons: a backbone with published weights, pooled."""

import torch

from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.networks.pooling import pooling
from purereid.networks.pretrained import load_pretrained

SECTION = "score_images.independent"  # of the config, which names backbone and weights


class PooledEncoder(BackboneEncoder):
    """The backbone's map, pooled as its authors do, otherwise by the mean.

    Args:
        backbone: name, see ``backbones``.
        height, width: size of the input in pixels.
    """

    def __init__(self, backbone: str, height: int, width: int):
        super().__init__({}, own_pooling=True, backbone=backbone, last_stride=2, pids=[], height=height, width=width)
        self.pooling = pooling("mean")

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """What is known of one view, float32 [B, D]."""
        return self.pooling(self.backbone(images))

    def probabilities(self, embedded: torch.Tensor) -> None:
        """There is no classifier."""


def load_pooled_encoder(settings: dict) -> PooledEncoder:
    """Make the encoder with weights from a file, ready for use on the CPU.

    Args:
        settings: backbone, height, width, weights and weights_sha256.

    Raises:
        UserError: as for ``build_backbone`` and ``load_pretrained``.
    """
    encoder = PooledEncoder(settings["backbone"], settings["height"], settings["width"])
    load_pretrained(encoder.backbone, settings["weights"], settings["weights_sha256"], SECTION)
    return encoder.eval().requires_grad_(False)
