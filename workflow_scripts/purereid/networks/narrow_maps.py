"""Convolutions to maps one pixel wide, which torch gets wrong in bfloat16 on CPUs.

With torch 2.13.0 a convolution with a stride that makes such maps, or a transposed one that starts from them, gives
random numbers, or random gradients: oneDNN reads memory that nobody wrote (with AMX in both directions, with AVX-512 in
some gradients). So these few small layers compute in float32.
"""

from collections.abc import Callable
from functools import wraps

import torch
from torch import nn


def mend_narrow_maps() -> None:
    """Make torch's layers compute such maps in float32 under a CPU's autocast. Once is enough for a process."""
    if not hasattr(nn.Conv2d._conv_forward, "mended"):
        nn.Conv2d._conv_forward = _mended(nn.Conv2d._conv_forward, _makes_narrow_maps)
        nn.ConvTranspose2d.forward = _mended(nn.ConvTranspose2d.forward, _starts_from_narrow_maps)


def _mended(compute: Callable, is_concerned: Callable[[nn.Module, torch.Tensor], bool]) -> Callable:
    @wraps(compute)
    def mended(layer: nn.Module, maps: torch.Tensor, *others: object) -> torch.Tensor:
        if maps.device.type != "cpu" or not torch.is_autocast_enabled("cpu") or not is_concerned(layer, maps):
            return compute(layer, maps, *others)
        with torch.autocast("cpu", enabled=False):
            return compute(layer, maps.float(), *others)

    mended.mended = True
    return mended


def _makes_narrow_maps(layer: nn.Conv2d, maps: torch.Tensor) -> bool:
    stride, reach = layer.stride[1], layer.dilation[1] * (layer.kernel_size[1] - 1)
    if stride == 1 or isinstance(layer.padding, str):
        return False
    return (maps.shape[3] + 2 * layer.padding[1] - reach - 1) // stride == 0


def _starts_from_narrow_maps(layer: nn.ConvTranspose2d, maps: torch.Tensor) -> bool:
    return layer.stride[1] > 1 and maps.shape[3] == 1
