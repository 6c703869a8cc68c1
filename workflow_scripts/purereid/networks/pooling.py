"""From a backbone's feature maps to one feature per image."""

import math

import torch
from torch import nn

from purereid.errors import UserError


def pooling(name: str) -> nn.Module:
    """Make a global pooling.

    Args:
        name: ``mean``, ``max``, or ``gem``, between the two (see ``GeneralisedMean``).

    Returns:
        a module from float [B, D, h, w] to float32 [B, D]; features [B, D] of a backbone that pools by itself pass.

    Raises:
        UserError: unknown name.
    """
    if name not in POOLINGS:
        raise UserError(f"unknown pooling {name!r}", where="train_reid.pooling", expected=", ".join(POOLINGS))
    return POOLINGS[name]()


class _Pooling(nn.Module):
    """Pools maps in float32, whatever the precision of the backbone."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.pooled(maps.float()) if maps.ndim == 4 else maps.float()

    def pooled(self, maps: torch.Tensor) -> torch.Tensor:
        """Float32 [B, D, h, w] to [B, D]."""
        raise NotImplementedError


class Mean(_Pooling):
    """The mean of each map."""

    def pooled(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.mean(dim=(2, 3))


class Maximum(_Pooling):
    """The largest value of each map."""

    def pooled(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.amax(dim=(2, 3))


class GeneralisedMean(_Pooling):
    """(mean x^p)^(1 / p) of each map, with one learnt p (Radenovic et al. 2018, equation 3; p starts at 3).

    p = 1 gives the mean, a large p nearly the largest value. Values below ``smallest`` count as that. Powers are taken
    as sums of logarithms: x^p would leave the range of float32, and a map of zeros have no gradient by p.
    """

    smallest = 1e-6

    def __init__(self, p: float = 3.0):
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))

    def pooled(self, maps: torch.Tensor) -> torch.Tensor:
        logarithms = self.p * maps.clamp(min=self.smallest).log()
        mean = logarithms.logsumexp(dim=(2, 3)) - math.log(maps.shape[2] * maps.shape[3])
        return (mean / self.p).exp()


POOLINGS = {"mean": Mean, "max": Maximum, "gem": GeneralisedMean}
