"""Losses of FD-GAN beside those that other systems have too."""

import torch
from torch.nn import functional

from purereid.losses.adversarial import FAKE, REAL
from purereid.systems.fdgan.recognition import SAME

SWAPPED = 1 / 10001  # probability that a target is that of the other kind


def smoothed(target: float, width: float, draws: torch.Generator) -> float:
    """A target of a discriminator that is not quite certain: at most ``width`` from REAL or FAKE, on the inner side.

    Published code of FD-GAN (Ge et al. 2018): one draw for all outputs of a call; seldom real and fake change places.

    Args:
        target: ``REAL`` or ``FAKE``.
        width: 0 to 1; 0: the target itself, always.
        draws: CPU generator.
    """
    if not width:
        return target
    amount, chance = torch.rand(2, generator=draws).tolist()
    target = REAL + FAKE - target if chance < SWAPPED else target
    return target - width * amount if target == REAL else target + width * amount


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
