"""Networks of the pose-guided generator.

Body-part attention: the published code of "Generate and Purify: Efficient Person Data Generation for
Re-Identification" (Lu et al., IEEE TMM), a variant of PATN (Zhu et al., Progressive Pose Attention Transfer for Person
Image Generation, CVPR 2019). With 64 ``channels`` and the published numbers of blocks the counts of parameters are the
published ones; a test holds them.
"""

import itertools

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from purereid.generation.pixels import to_levels, to_range

PARTS = 6  # channels of the body-part maps


class Generator(nn.Module):
    """A person (source image) in a pose (body-part maps).

    Two encoders, then blocks in which the pose decides where the image changes, then a decoder.

    Args:
        height, width: of the images, in pixels.
        channels: after the first convolution.
        blocks: attention blocks.
        kernel: side of the first and the last convolution, odd (published: 7).
        upsampling: ``transposed`` convolutions, as published, or a convolution after doubling each pixel (``nearest``),
            which leaves no checkerboard (Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016).
    """

    def __init__(
        self, *, height: int, width: int, channels: int, blocks: int, kernel: int = 7, upsampling: str = "transposed"
    ):
        super().__init__()
        self.configuration = {"height": height, "width": width, "channels": channels, "blocks": blocks}
        self.configuration |= {"kernel": kernel, "upsampling": upsampling}
        self.image_encoder = encoder(3, channels, kernel)
        self.pose_encoder = encoder(PARTS, channels, kernel)
        self.blocks = nn.ModuleList([AttentionBlock(4 * channels) for _ in range(blocks)])
        double = _transposed if upsampling == "transposed" else _nearest
        self.decoder = nn.Sequential(
            *double(4 * channels, 2 * channels),
            *double(2 * channels, channels),
            nn.Conv2d(channels, 3, kernel, padding=kernel // 2, padding_mode="reflect"),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, source: torch.Tensor, parts: torch.Tensor) -> torch.Tensor:
        """Images float [B, 3, H, W] in -1..1 from sources [B, 3, H, W] in -1..1 and maps [B, 6, H, W]."""
        image, pose = self.image_encoder(source), self.pose_encoder(parts)
        for block in self.blocks:
            image, pose = block(image, pose)
        return self.decoder(image)

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] of the conditions source and parts, on the device of the network."""
        device = next(self.parameters()).device
        return to_levels(self(to_range(conditions["source"].to(device)), conditions["parts"].to(device)))


class AttentionBlock(nn.Module):
    """f' = f + sigmoid(g') * F(f), g' = G(g): the pose stream says where the image stream may change."""

    def __init__(self, channels: int):
        super().__init__()
        self.image_stream = _two_convolutions(channels)
        self.pose_stream = _two_convolutions(channels)

    def forward(self, image: torch.Tensor, pose: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pose = self.pose_stream(pose)
        return image + torch.sigmoid(pose) * self.image_stream(image), pose


class Discriminator(nn.Module):
    """Judges whether an image goes with its condition, at every element of its last feature map.

    Args:
        inputs: channels of candidate and condition together.
        channels: after the first convolution.
        blocks: residual blocks, at least 1; ``patch`` has none.
        form: ``residual``, as published, where every channel of the last map is a verdict; ``patch``, one verdict for
            each patch of the image (Isola et al., Image-to-Image Translation with Conditional Adversarial Networks,
            CVPR 2017, section 3.2.2).
    """

    def __init__(self, *, inputs: int, channels: int, blocks: int = 0, form: str = "residual"):
        super().__init__()
        self.configuration = {"inputs": inputs, "channels": channels, "blocks": blocks, "form": form}
        if form == "patch":
            self.layers = _patch_layers(inputs, channels)
        else:
            residual = (ResidualBlock(4 * channels) for _ in range(blocks))
            self.layers = nn.Sequential(encoder(inputs, channels), *residual).apply(initialise)

    def forward(self, candidate_and_condition: torch.Tensor) -> torch.Tensor:
        """Logits of [B, inputs, H, W]: [B, 4 channels, H/4, W/4], of ``patch`` [B, 1, H/8, W/8].

        The published network ends with their sigmoid.
        """
        return self.layers(candidate_and_condition)

    def maps(self, candidate_and_condition: torch.Tensor) -> list[torch.Tensor]:
        """The feature maps after each layer; the last holds the logits."""
        found = [candidate_and_condition]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return found[1:]


class ResidualBlock(nn.Module):
    """x + F(x), without an activation after the sum."""

    def __init__(self, channels: int):
        super().__init__()
        self.stream = _two_convolutions(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.stream(x)


def encoder(inputs: int, channels: int, kernel: int = 7) -> nn.Sequential:
    """A wide convolution and two halvings of the size: [B, inputs, H, W] to [B, 4 channels, H/4, W/4]."""
    return nn.Sequential(
        *_normalised(nn.Conv2d(inputs, channels, kernel, padding=kernel // 2, padding_mode="reflect")),
        *_normalised(nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1)),
        *_normalised(nn.Conv2d(2 * channels, 4 * channels, 3, stride=2, padding=1)),
    )


def initialise(module: nn.Module) -> None:
    """Weights of convolutions N(0, 0.02), of batch normalisation N(1, 0.02); their biases as torch has them, and 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def _two_convolutions(channels: int) -> nn.Sequential:
    return nn.Sequential(
        *_normalised(nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect")),
        nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
        nn.BatchNorm2d(channels),
    )


def _transposed(channels: int, fewer: int) -> list[nn.Module]:
    return _normalised(nn.ConvTranspose2d(channels, fewer, 3, stride=2, padding=1, output_padding=1))


def _nearest(channels: int, fewer: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, fewer, 3, padding=1, padding_mode="reflect")
    return [nn.Upsample(scale_factor=2), *_normalised(convolution)]


def _patch_layers(inputs: int, channels: int) -> nn.Sequential:
    """Three halvings of the size and a verdict; every convolution has the spectral norm 1 (Miyato et al., Spectral
    Normalization for Generative Adversarial Networks, ICLR 2018)."""
    widths = itertools.pairwise([inputs, channels, 2 * channels, 4 * channels])
    halvings = (nn.Conv2d(width, wider, 4, stride=2, padding=1) for width, wider in widths)
    hidden = (nn.Sequential(spectral_norm(convolution), nn.LeakyReLU(0.2)) for convolution in halvings)
    return nn.Sequential(*hidden, spectral_norm(nn.Conv2d(4 * channels, 1, 3, padding=1)))


def _normalised(convolution: nn.Module) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True)]


ROLES = {"generator": Generator, "discriminator_pose": Discriminator, "discriminator_source": Discriminator}
