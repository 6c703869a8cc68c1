"""Losses of FD-GAN beside those that other systems have too."""

import torch
from torch.nn import functional

from purereid.losses.adversarial import FAKE, REAL
from purereid.systems.fdgan.recognition import SAME

SWAPPED = 1 / 10001  # probability that real images are called drawn, and drawn ones real


def smoothed_targets(width: float, draws: torch.Generator) -> tuple[float, float]:
    """Targets of a discriminator for real and for drawn images that are not quite certain.

    Published code of FD-GAN (Ge et al. 2018): one draw for all outputs of a call, at most ``width`` from REAL or FAKE
    on the inner side; seldom the two change places.

    Args:
        width: 0 to 1; 0: REAL and FAKE, always.
        draws: CPU generator.
    """
    if not width:
        return REAL, FAKE
    of_real, of_fake, chance = torch.rand(3, generator=draws).tolist()
    targets = REAL - width * of_real, FAKE + width * of_fake
    return targets[::-1] if chance < SWAPPED else targets


def same_pose(first: torch.Tensor, second: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """What was drawn from two images of one person in one pose should be one picture (paper, equation 4).

    Args:
        first, second: float [B, 3, H, W], drawn from the first and second image of each pair.
        same: bool [B], which pairs show one person; the others do not count.

    Returns:
        mean absolute difference, float32 scalar; 0 without such pairs.
    """
    different = (first.float() - second.float()).abs().mean(dim=(1, 2, 3))
    return (different * same).sum() / same.sum().clamp(min=1)


def verification(logits: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the verifier's logits float [B, 2] against which pairs show one person, bool [B]."""
    return functional.cross_entropy(logits.float(), torch.where(same, SAME, 1 - SAME))
