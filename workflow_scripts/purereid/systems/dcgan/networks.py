"""Networks of the unconditional generator.

DCGAN (Radford et al., Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
ICLR 2016) in the form of the code published with LSRO (Zheng et al., ICCV 2017): convolutions of 5 x 5 with stride 2.
With 64 ``channels`` and images of 128 x 128 the layers are those of that code.
"""

import torch
from torch import nn

from purereid.generation.conditions import noise
from purereid.generation.pixels import to_levels

NOISE = 100  # numbers from which an image is made
HALVINGS = 4


class Generator(nn.Module):
    """A person from noise: four doublings of the size.

    Args:
        height, width: of the images in pixels, multiples of 16.
        channels: before the last layer; each layer before it has twice as many as the next.
    """

    def __init__(self, *, height: int, width: int, channels: int):
        super().__init__()
        self.configuration = {"height": height, "width": width, "channels": channels}
        widest = channels * 2 ** (HALVINGS - 1)
        self.start = (widest, height >> HALVINGS, width >> HALVINGS)
        self.linear = nn.Linear(NOISE, widest * self.start[1] * self.start[2])
        self.layers = nn.Sequential(
            *_normalised(nn.BatchNorm2d(widest)),
            *(layer for number in range(HALVINGS - 1) for layer in _doubling(widest >> number)),
            nn.ConvTranspose2d(channels, 3, 5, stride=2, padding=2, output_padding=1),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        """Images float [B, 3, H, W] in -1..1 from noise float [B, 100] in -1..1."""
        return self.layers(self.linear(noise).view(-1, *self.start).contiguous(memory_format=torch.channels_last))

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] of the seeds, on the device of the network."""
        return to_levels(self(noise(conditions["seed"], NOISE).to(self.linear.weight.device)))


class Discriminator(nn.Module):
    """Judges whether an image is real: four halvings of the size.

    Args:
        height, width, channels: as for the generator.
    """

    def __init__(self, *, height: int, width: int, channels: int):
        super().__init__()
        self.configuration = {"height": height, "width": width, "channels": channels}
        layers = [nn.Conv2d(3, channels, 5, stride=2, padding=2), nn.LeakyReLU(0.2, inplace=True)]
        for number in range(HALVINGS - 1):
            fewer, more = channels << number, channels << number + 1
            layers += [nn.Conv2d(fewer, more, 5, stride=2, padding=2), nn.BatchNorm2d(more), nn.LeakyReLU(0.2, True)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.linear = nn.Linear((channels << HALVINGS - 1) * (height >> HALVINGS) * (width >> HALVINGS), 1)
        self.apply(initialise)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits [B] of images float [B, 3, H, W] in -1..1."""
        return self.linear(self.layers(images)).squeeze(1)


def initialise(module: nn.Module) -> None:
    """Weights N(0, 0.02), for convolutions cut off at two deviations; biases 0."""
    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, 0.0, 0.02, -0.04, 0.04)
    elif isinstance(module, nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.zeros_(module.bias)


def _doubling(channels: int) -> list[nn.Module]:
    fewer = channels // 2
    convolution = nn.ConvTranspose2d(channels, fewer, 5, stride=2, padding=2, output_padding=1)
    return [convolution, *_normalised(nn.BatchNorm2d(fewer))]


def _normalised(normalisation: nn.Module) -> list[nn.Module]:
    return [normalisation, nn.ReLU(inplace=True)]


ROLES = {"generator": Generator, "discriminator": Discriminator}
