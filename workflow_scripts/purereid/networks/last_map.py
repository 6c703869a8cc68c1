"""The last feature map of an encoder, from which it pools what it knows of an image."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from purereid.errors import UserError
from purereid.networks.contracts import Encoder

WHERE, EXPECTED = "train_reid.backbone", "an encoder with a map, such as resnet_small"


def last_map(encoder: Encoder, images: torch.Tensor) -> torch.Tensor:
    """The last feature map float [B, D, h, w] of normalised images float [B, 3, H, W].

    Raises:
        UserError: an encoder without one.
    """
    return _checked(_backbone(encoder)(images))


@contextmanager
def kept_maps(encoder: Encoder) -> Iterator[list[torch.Tensor]]:
    """The last maps of all views that an encoder embeds within the block.

    What the encoder then makes of a view can be differentiated by its map.

    Raises:
        UserError: an encoder without one.
    """
    kept: list[torch.Tensor] = []

    def keep(module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        kept.append(_checked(output).detach().requires_grad_())
        return kept[-1]

    hook = _backbone(encoder).register_forward_hook(keep)
    try:
        yield kept
    finally:
        hook.remove()


def _backbone(encoder: Encoder) -> nn.Module:
    if not hasattr(encoder, "backbone"):
        raise UserError("the encoder has no backbone", where=WHERE, expected=EXPECTED)
    return encoder.backbone


def _checked(maps: torch.Tensor) -> torch.Tensor:
    if maps.ndim != 4:
        raise UserError("the backbone yields no map of places", where=WHERE, expected=EXPECTED)
    return maps
