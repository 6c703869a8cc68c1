"""The identity loss: a generated image should look to a reID model like the person it shows."""

import torch
from torch.nn import functional

LEAST_ANGLE = 0.4  # radians; nearer features cost nothing
CLAMP = 1 - 1e-5  # of cosines, where the arc cosine has no gradient


def identity_loss(features: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """mean(max(theta - 0.4, 0)), theta the angle between features of generated and true image.

    As in the published code of generate-and-purify: features of a frozen reID network, standardised by the statistics
    of their own batch without learnt scale (which undoes that of a neck), brought to length 1. There the network is a
    ResNet-50 of its own with weights that cannot be had; here it is an encoder of this workflow.

    Args:
        features, wanted: float [B, D] of one batch.

    Returns:
        float32 scalar in 0..pi - 0.4.
    """
    cosine = functional.cosine_similarity(_standardised(features), _standardised(wanted), dim=1)
    theta = torch.acos(cosine.clamp(-CLAMP, CLAMP))
    return (theta - LEAST_ANGLE).clamp(min=0).mean()


def _standardised(features: torch.Tensor) -> torch.Tensor:
    return functional.batch_norm(features.float(), None, None, training=True)
