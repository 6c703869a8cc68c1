"""Networks that draw: an image is the structure of one image in the appearance of another.

Zheng et al., Joint Discriminative and Generative Learning for Person Re-identification, CVPR 2019, section 3.1, and its
published code. With 16 channels, 4 blocks and ResNet-50 the structure encoder has 380,544 parameters, the decoder
1,455,555 and its styles 8 times 1,443,072.
"""

import torch
from torch import nn

from purereid.data.transforms import normalise, to_pixels
from purereid.systems.dgnet.layers import (
    Convolution,
    InstanceNorm,
    LayerNorm,
    Residual,
    adaptive_instance_norm,
    initialise,
)
from purereid.systems.dgnet.recognition import PARTS, Encoder


class StructureEncoder(nn.Module):
    """Posture, shape, hair, bag and background, from an image without colours.

    Args:
        channels: after the first convolution (published: 16).
        blocks: residual blocks (published: 4).
        dilations: of the three branches that look round (published: 3, 6, 9).
    """

    def __init__(self, *, channels: int, blocks: int, dilations: list[int]):
        super().__init__()
        few, some, many = channels, 2 * channels, 4 * channels
        self.layers = nn.Sequential(
            Convolution(1, few, stride=2, norm=InstanceNorm),
            Convolution(few, some, norm=InstanceNorm),
            Convolution(some, some, norm=InstanceNorm),
            Convolution(some, many, stride=2, norm=InstanceNorm),
            *(Residual(many, InstanceNorm) for _ in range(blocks)),
        )
        self.branches = nn.ModuleList([Convolution(many, some, 1, norm=InstanceNorm, activation=False)])
        for dilation in dilations:
            around = Convolution(some, some, dilation=dilation, norm=InstanceNorm, activation=False)
            self.branches.append(nn.Sequential(Convolution(many, some, 1, norm=InstanceNorm), around))
        self.width = some * len(self.branches)
        self.last = Convolution(self.width, self.width, 1, norm=InstanceNorm, activation=False)
        self.apply(initialise)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Structure float32 [B, C, H/4, W/4] of normalised images float [B, 3, H, W], of which the mean is seen."""
        maps = self.layers(images.mean(dim=1, keepdim=True))
        return self.last(torch.cat([branch(maps) for branch in self.branches], dim=1))


class StyledResidual(nn.Module):
    """A residual block whose two normalisations have their scale and shift from the appearance.

    Args:
        channels: of input and output.
        features: width of the appearance that it sees.
        width: of the two hidden layers that turn it into scales and shifts (published: 512).
    """

    def __init__(self, channels: int, features: int, width: int):
        super().__init__()
        self.first = Convolution(channels, channels, activation=False)
        self.second = Convolution(channels, channels, activation=False)
        self.activation = nn.LeakyReLU(0.2)
        self.scales, self.shifts = (_style(features, width, 2 * channels) for _ in range(2))

    def forward(self, maps: torch.Tensor, appearance: torch.Tensor) -> torch.Tensor:
        """Maps float32 [B, C, h, w] of such maps in an appearance float [B, features]."""
        scales, shifts = self.scales(appearance).chunk(2, dim=1), self.shifts(appearance).chunk(2, dim=1)
        inner = self.activation(adaptive_instance_norm(self.first(maps), scales[0], shifts[0]))
        return maps + adaptive_instance_norm(self.second(inner), scales[1], shifts[1])


class Decoder(nn.Module):
    """Turns a structure and an appearance into an image.

    There is a block for each of the PARTS of the appearance.

    Args:
        channels: of the structure.
        features: width D of the appearance of a part.
        style_width: as ``width`` of ``StyledResidual``.
        part_major: whether each block sees the appearance of one stripe. As published, each sees a fourth of the
            features in all stripes: the code is flattened with the stripes innermost, and then cut.
    """

    def __init__(self, *, channels: int, features: int, style_width: int, part_major: bool):
        super().__init__()
        self.part_major = part_major
        self.blocks = nn.ModuleList(StyledResidual(channels, features, style_width) for _ in range(PARTS))
        half, quarter = channels // 2, channels // 4
        self.larger = nn.Sequential(
            nn.Upsample(scale_factor=2),
            Convolution(channels, half, 5, norm=LayerNorm),
            nn.Upsample(scale_factor=2),
            Convolution(half, quarter, 5, norm=LayerNorm),
            Convolution(quarter, quarter),
            Convolution(quarter, quarter),
            nn.Conv2d(quarter, 3, 1),
        )
        self.apply(initialise)

    def forward(self, structure: torch.Tensor, appearance: torch.Tensor) -> torch.Tensor:
        """Normalised images float32 [B, 3, H, W].

        Args:
            structure: float [B, C, H/4, W/4].
            appearance: float [B, D, PARTS].
        """
        code = appearance.transpose(1, 2) if self.part_major else appearance
        maps = structure
        for block, part in zip(self.blocks, code.flatten(1).chunk(PARTS, dim=1), strict=True):
            maps = block(maps, part)
        return self.larger(maps).float()


class Generator(nn.Module):
    """A person in the clothes of one image, in the shape and posture, and before the background, of another.

    The encoder, whose appearance it draws from, is a part of the network.

    Args:
        encoder: configuration of the encoder, whose input has the size of the images.
        height, width: that size, in pixels.
        channels, blocks, dilations: of ``StructureEncoder``.
        style_width, part_major: of ``Decoder``.
    """

    def __init__(
        self,
        *,
        encoder: dict,
        height: int,
        width: int,
        channels: int,
        blocks: int,
        dilations: list[int],
        style_width: int,
        part_major: bool = False,
    ):
        super().__init__()
        given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.encoder = Encoder(**encoder)
        self.configuration = given | {"encoder": self.encoder.configuration}
        self.structure = StructureEncoder(channels=channels, blocks=blocks, dilations=dilations)
        style = {"features": self.encoder.features, "style_width": style_width, "part_major": part_major}
        self.decoder = Decoder(channels=self.structure.width, **style)

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] of the conditions source (appearance) and pose_image (structure).

        With ``second_source`` and ``share`` the appearance is a mixture of two, part by part.
        """
        known = self.encoder.configuration
        appearance = self.encoder.appearance(self._normalised(conditions["source"]))
        if "share" in conditions:
            second = self.encoder.appearance(self._normalised(conditions["second_source"]))
            appearance = torch.lerp(appearance, second, conditions["share"])
        drawn = self.decoder(self.structure(self._normalised(conditions["pose_image"])), appearance)
        return to_pixels(drawn, known["mean"], known["std"])

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        known = self.encoder.configuration
        return normalise(images.to(next(self.parameters()).device), known["mean"], known["std"])


def _style(inputs: int, width: int, outputs: int) -> nn.Sequential:
    layers = [nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, outputs))
