"""The network that finds the person of one image, in the pose of another, behind noise.

A U-Net (Ronneberger et al., 2015) with two tricks of pixel diffusion: it works on squares of 2 x 2 pixels, and the
time and what is given scale and shift its normalised maps (Peebles and Xie, Scalable Diffusion Models with
Transformers, ICCV 2023). On its smallest maps each place looks at all others and at all places of the source, by their
content and their poses, as reference networks do it (Hu et al., Animate Anyone, CVPR 2024, section 3.2).
"""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from purereid.data.joints import JOINTS
from purereid.generation.conditions import normal_noise
from purereid.generation.pixels import to_levels, to_range
from purereid.systems.flow.path import follow
from purereid.systems.flow.poses import pose_maps
from purereid.systems.flow.warp import warp

SQUARE = 2  # side in pixels of what is one place of the largest maps
FREQUENCIES = 32  # with which a time is told


class Guide(NamedTuple):
    """What an image is drawn after, the same at all times.

    Attributes:
        pose: float [B, 18, H/2, W/2], maps of the wanted pose.
        warped: float [B, 16, H/2, W/2], the source laid into that pose (see ``warp``), in squares.
        source: float [B, C, h, w], what the network sees in the source.
    """

    pose: torch.Tensor
    warped: torch.Tensor
    source: torch.Tensor


class Generator(nn.Module):
    """Draws a person (source image) in a pose, step by step out of noise.

    Args:
        height, width: of the images, in pixels, multiples of 2 to the power of ``levels``.
        channels: of the largest maps, a multiple of 8; each smaller level has twice as many.
        levels: sizes of the maps, each half of the one before.
        blocks: residual blocks of each level, on the way down and on the way up.
        heads: of the attention; they share the channels of the smallest maps.
        sampling_steps: evaluations of the network for an image.
        guidance: how far the image is led away from what the network would draw without a source; 1: not at all (Ho
            and Salimans, Classifier-Free Diffusion Guidance, 2022, whose w is one less). Others cost twice the time.
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        channels: int,
        levels: int,
        blocks: int,
        heads: int,
        sampling_steps: int = 8,
        guidance: float = 1.0,
    ):
        super().__init__()
        self.configuration = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.size, self.steps, self.guidance = (height, width), sampling_steps, guidance
        inputs, last = 3 * SQUARE**2 + len(JOINTS), channels * 2 ** (levels - 1)
        warped = 4 * SQUARE**2
        places = tuple(side // 2**levels for side in self.size)
        self.known = nn.Sequential(
            nn.Linear(2 * FREQUENCIES + 1, last), nn.SiLU(), nn.Linear(last, last), nn.SiLU()
        )  # the time, and whether there is a source
        self.source = Descent(inputs, channels, levels, blocks, None)
        self.down = Descent(inputs + warped, channels, levels, blocks, last)
        self.places = nn.Parameter(0.02 * torch.randn(2, last, *places))  # where on the maps a place lies
        self.attention = Attention(last, heads)
        self.between = Block(last, last, last)
        self.up = Ascent(channels, levels, blocks, last)
        self.out = nn.Sequential(nn.SiLU(), _convolution(channels, 3 * SQUARE**2, still=True))

    def forward(self, places: torch.Tensor, times: torch.Tensor, guide: Guide, given: torch.Tensor) -> torch.Tensor:
        """The images float [B, 3, H, W] in -1..1 behind places of their paths from noise.

        Args:
            places: float [B, 3, H, W].
            times: float [B] in 0..1.
            guide: see ``guide``.
            given: float [B], 1 where there is a source, 0 where it is not heeded.
        """
        angles = times[:, None] * torch.logspace(0, 3, FREQUENCIES, device=times.device)
        known = self.known(torch.cat([angles.sin(), angles.cos(), given[:, None]], dim=1))
        given = given[:, None, None, None]
        warped = guide.warped * given
        inputs = [functional.pixel_unshuffle(places, SQUARE), guide.pose, warped]
        smallest, levels = self.down(torch.cat(inputs, dim=1), known)
        smallest = self.attention(smallest + self.places[0], (guide.source + self.places[1]) * given)
        maps = self.out(self.up(self.between(smallest, known), levels, known))
        # what the network says is added to the warped source, so that it begins with that
        return functional.pixel_shuffle(maps + warped[:, : maps.shape[1]], SQUARE)

    def guide(self, sources: torch.Tensor, source_keypoints: torch.Tensor, keypoints: torch.Tensor) -> Guide:
        """What sources float [B, 3, H, W] in -1..1 and both poses, conditions of their names, say of the images."""
        maps, source_maps = (
            pose_maps(each, tuple(side // SQUARE for side in self.size)) for each in (keypoints, source_keypoints)
        )
        warped = functional.pixel_unshuffle(warp(sources, source_keypoints, keypoints), SQUARE)
        seen, _ = self.source(torch.cat([functional.pixel_unshuffle(sources, SQUARE), source_maps], dim=1), None)
        return Guide(maps, warped, seen)

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] of the conditions source, keypoints, source_keypoints and seed.

        With ``second_source``, its key points and ``share`` each step goes between those to both persons.
        """
        device = next(self.parameters()).device
        guide, share = self._guide(conditions, "", device), float(conditions.get("share", 0))
        second = self._guide(conditions, "second_", device) if share else None

        def name(places: torch.Tensor, time: float) -> torch.Tensor:
            named = self._guided(places, time, guide)
            return named if second is None else named.lerp(self._guided(places, time, second), share)

        noise = normal_noise(conditions["seed"], 3 * math.prod(self.size)).to(device).unflatten(1, (3, *self.size))
        return to_levels(follow(name, noise, self.steps))

    def _guide(self, conditions: dict[str, torch.Tensor], which: str, device: torch.device) -> Guide:
        names = (f"{which}source", f"{which}source_keypoints", "keypoints")
        source, source_keypoints, keypoints = (conditions[name].to(device) for name in names)
        return self.guide(to_range(source), source_keypoints, keypoints)

    def _guided(self, places: torch.Tensor, time: float, guide: Guide) -> torch.Tensor:
        times = places.new_full((len(places),), time)
        named = self(places, times, guide, torch.ones_like(times)).float()
        if self.guidance == 1:
            return named
        return self(places, times, guide, torch.zeros_like(times)).float().lerp(named, self.guidance)


class Descent(nn.Module):
    """Maps of several sizes, from the largest to the smallest.

    Args:
        inputs: channels of the input.
        channels, levels, blocks: as for ``Generator``.
        known: width of what scales and shifts the maps; None: nothing does.
    """

    def __init__(self, inputs: int, channels: int, levels: int, blocks: int, known: int | None):
        super().__init__()
        self.first = _convolution(inputs, channels)
        self.levels, self.halvings = nn.ModuleList(), nn.ModuleList()
        for level in range(levels):
            width = channels * 2**level
            self.levels.append(nn.ModuleList(Block(width, width, known) for _ in range(blocks)))
            if level < levels - 1:
                self.halvings.append(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1))

    def forward(self, maps: torch.Tensor, known: torch.Tensor | None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The smallest maps, and those of all levels, of float [B, inputs, H/2, W/2]."""
        maps, found = self.first(maps.contiguous(memory_format=torch.channels_last)), []
        for number, level in enumerate(self.levels):
            maps = self.halvings[number - 1](maps) if number else maps
            for block in level:
                maps = block(maps, known)
            found.append(maps)
        return maps, found


class Ascent(nn.Module):
    """Back from the smallest maps to the largest, with those of the descent beside them; arguments as there."""

    def __init__(self, channels: int, levels: int, blocks: int, known: int):
        super().__init__()
        self.levels, self.doublings = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(levels)):
            width = channels * 2**level
            first = Block(2 * width, width, known)
            self.levels.append(nn.ModuleList([first, *(Block(width, width, known) for _ in range(blocks - 1))]))
            if level:
                self.doublings.append(nn.Sequential(nn.Upsample(scale_factor=2), _convolution(width, width // 2)))

    def forward(self, maps: torch.Tensor, levels: list[torch.Tensor], known: torch.Tensor) -> torch.Tensor:
        """The largest maps, from the smallest and those of all levels of the descent."""
        for number, (blocks, beside) in enumerate(zip(self.levels, reversed(levels), strict=True)):
            maps = self.doublings[number - 1](maps) if number else maps
            maps = torch.cat([maps, beside], dim=1)
            for block in blocks:
                maps = block(maps, known)
        return maps


class Block(nn.Module):
    """x + F(x), where what is known scales and shifts the maps between the two convolutions of F."""

    def __init__(self, inputs: int, channels: int, known: int | None):
        super().__init__()
        self.first = nn.Sequential(Norm(inputs), nn.SiLU(), _convolution(inputs, channels))
        self.norm = Norm(channels)
        self.style = None if known is None else _still(nn.Linear(known, 2 * channels))
        self.second = nn.Sequential(nn.SiLU(), _convolution(channels, channels, still=True))
        self.short = nn.Identity() if inputs == channels else nn.Conv2d(inputs, channels, 1)

    def forward(self, maps: torch.Tensor, known: torch.Tensor | None) -> torch.Tensor:
        inner = self.norm(self.first(maps))
        if self.style is not None:
            scale, shift = self.style(known)[..., None, None].chunk(2, dim=1)
            inner = inner * (1 + scale) + shift
        return self.short(maps) + self.second(inner)


class Attention(nn.Module):
    """Each place of a map takes up what it looks for from all places of the map and of the source."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm, self.source_norm = Norm(channels), Norm(channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value, self.source_key_value = (nn.Conv2d(channels, 2 * channels, 1) for _ in range(2))
        self.out = _still(nn.Conv2d(channels, channels, 1))

    def forward(self, maps: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        normal = self.norm(maps)
        queries = self._tokens(self.query(normal))
        both = [self.key_value(normal), self.source_key_value(self.source_norm(source))]
        keys, values = torch.cat([self._tokens(each) for each in both], dim=2).chunk(2, dim=3)
        # so few places that the fused attention, whose backward pass is slow on CPUs, gains nothing
        found = (queries @ keys.transpose(2, 3) * keys.shape[3] ** -0.5).softmax(dim=3) @ values
        return maps + self.out(found.transpose(2, 3).reshape(maps.shape))

    def _tokens(self, maps: torch.Tensor) -> torch.Tensor:
        """[B, heads, h w, D] of [B, heads D, h, w]."""
        return maps.unflatten(1, (self.heads, -1)).flatten(3).transpose(2, 3)


class Norm(nn.LayerNorm):
    """Normalises the channels of each place; in channels-last memory this is much faster than group normalisation."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return super().forward(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _convolution(inputs: int, outputs: int, *, still: bool = False) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    return _still(layer) if still else layer


def _still(layer: nn.Module) -> nn.Module:
    """A layer that gives 0 until it has learnt (Goyal et al., Accurate, Large Minibatch SGD, 2017, section 5.1)."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


ROLES = {"generator": Generator}
