"""Networks that draw: the generator, and the discriminator of poses.

Ge et al., FD-GAN, NeurIPS 2018, figure 2, and its published code, after Radford et al., DCGAN, ICLR 2016, and Isola et
al., pix2pix, CVPR 2017. At 256 x 128, with 64 channels, 128 pose features, 256 numbers of noise and ResNet-50 the
generator has 55,864,192 parameters beside the encoder, the discriminator 2,784,065.
"""

from itertools import pairwise

import torch
from torch import nn

from purereid.data.joints import JOINTS
from purereid.data.transforms import normalise, standardise, to_pixels
from purereid.generation.conditions import normal_noise
from purereid.systems.fdgan.pose_maps import pose_maps
from purereid.systems.fdgan.recognition import Encoder

HALVINGS = 5  # of the size of an image, before the convolution that leaves one pixel
SIGMA = 5.0  # of the pose maps of what is drawn, in pixels of 256 rows


class Generator(nn.Module):
    """A person, by the feature of a source image, in a pose.

    The pose is encoded to one vector; a decoder turns feature, pose and noise into an image. The encoder of the source
    is a part of the network, so that it can draw from images; who trains it may leave that part as it is.

    Args:
        height, width: of the images, in pixels.
        encoder: configuration of the encoder, whose input has this size.
        channels: after the first convolution (published: 64).
        pose_features: width of the encoded pose (published: 128).
        noise: random numbers of an image (published: 256).
        dropout: of the decoder (published: 0.2).
        skips: how many levels of the pose encoder are handed to the decoder, from the innermost (published: 0).
        fusion: how feature, pose and noise are joined: ``concatenate`` (published) or ``add``, each brought to the
            width of the widest by a linear layer.
        output: ``sigmoid``, colours from 0 to 1, which the author advises, or ``tanh``, as published: normalised
            colours from -1 to 1, beyond which about 30 % of the pixel values of Market-1501 lie.
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        encoder: dict,
        channels: int,
        pose_features: int,
        noise: int,
        dropout: float = 0.2,
        skips: int = 0,
        fusion: str = "concatenate",
        output: str = "sigmoid",
    ):
        super().__init__()
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.encoder = Encoder(**encoder)
        self.configuration = given | {"encoder": self.encoder.configuration}
        self.size, self.skips, self.noise, self.output = (height, width), skips, noise, output
        kernel = tuple(side // 2**HALVINGS for side in self.size)
        widths = [channels * factor for factor in (1, 2, 4, 8, 8)]
        parts = (self.encoder.features, pose_features, noise)
        self.fusion = _fusion(parts) if fusion == "add" else None
        code = max(parts) if fusion == "add" else sum(parts)
        self.pose_levels = nn.ModuleList(_pose_levels(widths))
        self.pose_code = nn.Sequential(
            nn.LeakyReLU(0.2), nn.Conv2d(widths[-1], pose_features, kernel, bias=False), nn.BatchNorm2d(pose_features)
        )
        self.start = _enlarging(nn.ConvTranspose2d(code, widths[-1], kernel, bias=False), dropout)
        self.levels = nn.ModuleList(_image_levels(widths, skips, dropout))
        for part in (self.pose_levels, self.pose_code, self.start, self.levels, self.fusion):
            if part is not None:
                part.apply(initialise)

    def forward(self, features: torch.Tensor, maps: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Normalised images float32 [B, 3, H, W].

        Args:
            features: float [B, D] of the sources.
            maps: float [B, 18, H, W], poses wanted, see ``pose_maps``.
            noise: float [B, N], normally distributed.
        """
        encoded = []
        for level in self.pose_levels:
            maps = level(maps)
            encoded.append(maps)
        code = self._joined(features, self.pose_code(maps).flatten(1), noise)
        images = self.start(code[..., None, None])
        for number, (level, skipped) in enumerate(zip(self.levels, reversed(encoded), strict=True)):
            if number < self.skips:
                images = torch.cat([images, nn.functional.leaky_relu(skipped, 0.2)], dim=1)
            images = level(images)
        return self._normalised(images.float())

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] of the conditions source, keypoints and seed, on the device of the network."""
        device, known = next(self.parameters()).device, self.encoder.configuration
        sources = normalise(conditions["source"].to(device), known["mean"], known["std"])
        keypoints = conditions["keypoints"].to(device)
        sigma = torch.full((len(keypoints),), SIGMA, device=device)
        maps = pose_maps(keypoints, sigma, self.size)
        draws = normal_noise(conditions["seed"], self.noise).to(device)
        return to_pixels(self(self.encoder.embed(sources), maps, draws), known["mean"], known["std"])

    def _joined(self, *parts: torch.Tensor) -> torch.Tensor:
        if self.fusion is None:
            return torch.cat(parts, dim=1)
        return sum(layer(part) for layer, part in zip(self.fusion, parts, strict=True))

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        """The output of the last layer as the encoder sees images."""
        if self.output == "tanh":
            return images.tanh()
        known = self.encoder.configuration
        return standardise(images.sigmoid(), known["mean"], known["std"])


class DiscriminatorPose(nn.Module):
    """Whether an image shows the pose of its maps, and is real, patch by patch (pix2pix).

    Args:
        channels: after the first convolution (published: 64).
    """

    def __init__(self, *, channels: int):
        super().__init__()
        self.configuration = {"channels": channels}
        self.layers = nn.Sequential(
            nn.Conv2d(len(JOINTS) + 3, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            *_judging(channels, 2 * channels, stride=2),
            *_judging(2 * channels, 4 * channels, stride=2),
            *_judging(4 * channels, 8 * channels, stride=1),
            nn.Conv2d(8 * channels, 1, 4, padding=1),
        )
        self.apply(initialise)

    def forward(self, maps: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        """Logits [B, 1, H/8 - 2, W/8 - 2] of maps [B, 18, H, W] and normalised images [B, 3, H, W]."""
        return self.layers(torch.cat([maps, images], dim=1))


def initialise(module: nn.Module) -> None:
    """Weights N(0, 0.02) of convolutions and linear layers, N(1, 0.02) of batch normalisation, whose biases are 0.

    Biases of convolutions stay as torch draws them.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _pose_levels(widths: list[int]) -> list[nn.Module]:
    """Each halves the size; the first has neither activation nor normalisation."""
    first = nn.Conv2d(len(JOINTS), widths[0], 4, stride=2, padding=1, bias=False)
    return [first] + [
        nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(few, many, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(many))
        for few, many in pairwise(widths)
    ]


def _image_levels(widths: list[int], skips: int, dropout: float) -> list[nn.Module]:
    """Each doubles the size; the last gives three channels and has no normalisation."""
    levels = []
    for number, (many, few) in enumerate(zip(widths[::-1], [*widths[-2::-1], 3], strict=True)):
        inputs = 2 * many if number < skips else many
        layer = nn.ConvTranspose2d(inputs, few, 4, stride=2, padding=1, bias=False)
        levels.append(_enlarging(layer, dropout))
    levels[-1] = nn.Sequential(nn.ReLU(), layer)
    return levels


def _enlarging(layer: nn.ConvTranspose2d, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), layer, nn.BatchNorm2d(layer.out_channels), nn.Dropout(dropout))


def _judging(few: int, many: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(few, many, 4, stride=stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(many), nn.LeakyReLU(0.2)]


def _fusion(parts: tuple[int, ...]) -> nn.ModuleList:
    return nn.ModuleList([nn.Linear(width, max(parts), bias=False) for width in parts])
