"""Networks of the pose-guided generator.

Body-part attention: the published code of "Generate and Purify: Efficient Person Data Generation for
Re-Identification" (Lu et al., IEEE TMM), a variant of PATN (Zhu et al., Progressive Pose Attention Transfer for Person
Image Generation, CVPR 2019). With 64 ``channels`` and the published numbers of blocks the counts of parameters are the
published ones; a test holds them.
"""

import torch
from torch import nn

from purereid.generation.pixels import to_levels, to_range

PARTS = 6  # channels of the body-part maps


class Generator(nn.Module):
    """A person (source image) in a pose (body-part maps).

    Two encoders, then blocks in which the pose decides where the image changes, then a decoder.

    Args:
        height, width: of the images, in pixels.
        channels: after the first convolution.
        blocks: attention blocks.
    """

    def __init__(self, *, height: int, width: int, channels: int, blocks: int):
        super().__init__()
        self.configuration = {"height": height, "width": width, "channels": channels, "blocks": blocks}
        self.image_encoder = encoder(3, channels)
        self.pose_encoder = encoder(PARTS, channels)
        self.blocks = nn.ModuleList([AttentionBlock(4 * channels) for _ in range(blocks)])
        self.decoder = nn.Sequential(
            *_upsampling(4 * channels, 2 * channels),
            *_upsampling(2 * channels, channels),
            nn.Conv2d(channels, 3, 7, padding=3, padding_mode="reflect"),
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
    """Judges whether an image goes with its condition, at every element of its feature map.

    Args:
        inputs: channels of candidate and condition together.
        channels: after the first convolution.
        blocks: residual blocks.
    """

    def __init__(self, *, inputs: int, channels: int, blocks: int):
        super().__init__()
        self.configuration = {"inputs": inputs, "channels": channels, "blocks": blocks}
        self.layers = nn.Sequential(encoder(inputs, channels), *(ResidualBlock(4 * channels) for _ in range(blocks)))
        self.apply(initialise)

    def forward(self, candidate_and_condition: torch.Tensor) -> torch.Tensor:
        """Logits [B, 4 channels, H/4, W/4] of [B, inputs, H, W]; the published network ends with their sigmoid."""
        return self.layers(candidate_and_condition)


class ResidualBlock(nn.Module):
    """x + F(x), without an activation after the sum."""

    def __init__(self, channels: int):
        super().__init__()
        self.stream = _two_convolutions(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.stream(x)


def encoder(inputs: int, channels: int) -> nn.Sequential:
    """A 7 x 7 convolution and two halvings of the size: [B, inputs, H, W] to [B, 4 channels, H/4, W/4]."""
    return nn.Sequential(
        *_normalised(nn.Conv2d(inputs, channels, 7, padding=3, padding_mode="reflect")),
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


def _upsampling(channels: int, fewer: int) -> list[nn.Module]:
    return _normalised(nn.ConvTranspose2d(channels, fewer, 3, stride=2, padding=1, output_padding=1))


def _normalised(convolution: nn.Module) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True)]


ROLES = {"generator": Generator, "discriminator_pose": Discriminator, "discriminator_source": Discriminator}
