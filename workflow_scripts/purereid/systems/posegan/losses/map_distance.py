"""Distance of feature maps: generated and true image should look alike to a network."""

from collections.abc import Sequence

import torch


def map_distance(of_generated: Sequence[torch.Tensor], of_true: Sequence[torch.Tensor]) -> torch.Tensor:
    """L1 distance of maps as a share of the true ones' mean size; the mean over the layers.

    In maps of a discriminator it is feature matching (Wang et al., High-Resolution Image Synthesis and Semantic
    Manipulation with Conditional GANs, CVPR 2018, equation 4), in those of a network with another task a perceptual
    loss (Johnson et al., Perceptual Losses for Real-Time Style Transfer, ECCV 2016, equation 2, which squares). The
    division is ours: layers count alike, whatever the size of their values.

    Args:
        of_generated: maps float [B, C, h, w], by layer.
        of_true: those of the true images, without gradient.

    Returns:
        float32 scalar, at least 0.
    """
    shares = [
        (one.float() - other.float()).abs().mean() / other.float().abs().mean().clamp(min=1e-6)
        for one, other in zip(of_generated, of_true, strict=True)
    ]
    return torch.stack(shares).mean()
