"""What an image is supposed to be classified as: one distribution over the identities per image.

Label kinds: a real image (REAL) and a generated one with an intended identity (IDENTITY) are their identity; a
generated image without identity (NONE) is nobody in particular, that is every identity alike (LSRO, Zheng et al.
2017, equation 5).
"""

import torch
from torch.nn import functional

REAL, IDENTITY, NONE = 0, 1, 2


def targets(labels: torch.Tensor, kinds: torch.Tensor, classes: int, smoothing: float) -> torch.Tensor:
    """Target distributions.

    Args:
        labels: int64 [B], 0..classes-1; ignored where the kind is NONE.
        kinds: int64 [B] of REAL, IDENTITY, NONE.
        classes: number of identities K.
        smoothing: eps of label smoothing: 1 - eps + eps / K for the identity, eps / K for every other.

    Returns:
        float32 [B, K]; rows sum to 1.
    """
    nobody = kinds == NONE
    one_hot = functional.one_hot(labels.masked_fill(nobody, 0), classes).float()
    smoothed = one_hot * (1 - smoothing) + smoothing / classes
    return torch.where(nobody[:, None], torch.full_like(smoothed, 1 / classes), smoothed)
