"""What paints the texture of a person from the maps of a backbone (SAN, Jin et al. 2020; sizes as in its code)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.networks.backbones import map_widths, maps

GAIN = 0.02  # of the first weights, as published: a texture begins as grey


class Decoder(nn.Module):
    """From the four maps of a ResNet to a texture, and the maps on the way, which tell persons apart too.

    Args:
        inputs: channels of the four maps, from fine to coarse.
        widths: channels at the start and after each block that doubles the size, at least four numbers; a ResNet-50 at
            256 x 128 takes 512, 256, 64, 32, 16, as published.
    """

    def __init__(self, inputs: Sequence[int], widths: Sequence[int]):
        super().__init__()
        first, second, third, _ = widths[:4]
        self.reduce, self.third = _embedding(inputs[3], first), _embedding(inputs[2], first)
        self.second, self.first = _embedding(inputs[1], second), _embedding(inputs[0], third)
        self.blocks = nn.ModuleList(UpBlock(i, o) for i, o in pairwise(widths))
        self.last = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(widths[-1], 3, 7))
        self.apply(_start)

    def forward(self, found: Sequence[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Textures and the maps that led to them.

        Args:
            found: four maps float [B, C, h, w]; the last two of one size, each other of twice the next one's.

        Returns:
            textures float [B, 3, S, S], -1 to 1 where they have been learnt, S the height after the last block; the
            outputs of the blocks.
        """
        skips = [self.third(found[2]), self.second(found[1]), self.first(found[0])]
        x, taps = self.reduce(found[3]), []
        for number, block in enumerate(self.blocks):
            x = block(x + skips[number] if number < len(skips) else x)
            taps.append(x)
        painted = self.last(x).float()
        height = painted.shape[2]
        return functional.interpolate(painted, (height, height), mode="bilinear", align_corners=True), taps


class UpBlock(nn.Module):
    """A residual block, then twice the size; float [B, I, h, w] to [B, O, 2 h, 2 w]."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.residual = nn.Sequential(
            *(nn.Conv2d(inputs, inputs, 3, padding=1, bias=False), nn.BatchNorm2d(inputs), nn.ReLU()),
            *(nn.Conv2d(inputs, inputs, 3, padding=1, bias=False), nn.BatchNorm2d(inputs)),
        )
        self.enlarged = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(x + self.residual(x))
        return self.enlarged(functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False))


class Painter(BackboneEncoder):
    """SAN-PG: a backbone and what paints from its maps.

    Args:
        widths: of ``Decoder``.
        common: arguments of ``BackboneEncoder``; there are no identities.
    """

    def __init__(self, *, widths: list[int], **common: object):
        super().__init__({"widths": widths}, **common)
        self.decoder = Decoder(map_widths(self.backbone), widths)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Textures float32 [B, 3, S, S], -1 to 1, of normalised images float [B, 3, H, W]."""
        return self.decoder(maps(self.backbone, images))[0]

    def paint(self, images: torch.Tensor, size: int) -> torch.Tensor:
        """Textures uint8 [B, 3, size, size], RGB, of normalised images float [B, 3, H, W]."""
        painted = resized(self(images), size)
        return ((painted + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def as_targets(textures: torch.Tensor, size: int) -> torch.Tensor:
    """What is to be painted, float32 [B, 3, size, size], -1 to 1, of textures uint8 [B, 3, S, S]."""
    return resized(textures.float() / 127.5 - 1, size)


def resized(textures: torch.Tensor, size: int) -> torch.Tensor:
    """Textures float32 [B, 3, size, size] of such of another size; texels are averaged where there are fewer."""
    if textures.shape[-1] == size:
        return textures
    return functional.interpolate(textures, (size, size), mode="bilinear", align_corners=False, antialias=True)


def _embedding(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs), nn.ReLU())


def _start(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d):
        nn.init.xavier_normal_(layer.weight, GAIN)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
        nn.init.zeros_(layer.bias)
