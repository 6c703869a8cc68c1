"""The discriminator: whether an image is real, patch by patch, on several scales.

Zheng et al., DG-Net, CVPR 2019, and its published code, after Huang et al., MUNIT, ECCV 2018. With 32 channels and 4
blocks each scale has 341,857 parameters.
"""

import torch
from torch import nn
from torch.nn import functional

from purereid.systems.dgnet.layers import Convolution, Residual


class Discriminator(nn.Module):
    """A network for each scale; each sees the images at half the size of the one before.

    Args:
        channels: after the first convolution (published: 32).
        blocks: residual blocks (published: 4).
        scales: how many (published: 3).
        std: standard deviation of the first weights (published: 0.02). With few channels what a layer passes on is the
            smaller; at 0.02 a network of 8 channels tells no sharp image from a blurred one after hundreds of steps.
    """

    def __init__(self, *, channels: int, blocks: int, scales: int, std: float = 0.02):
        super().__init__()
        self.scales = nn.ModuleList(_judge(channels, blocks) for _ in range(scales))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=std)
                nn.init.zeros_(module.bias)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Scores float [B, 1, h, w] of each scale, 1 for real, of normalised images float [B, 3, H, W]."""
        scores = []
        for number, judge in enumerate(self.scales):
            if number:
                images = functional.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)
            scores.append(judge(images))
        return scores


def _judge(channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(
        Convolution(3, channels, 1),
        Convolution(channels, channels),
        Convolution(channels, channels, stride=2),
        Convolution(channels, channels),
        Convolution(channels, 2 * channels, stride=2),
        *(Residual(2 * channels) for _ in range(blocks)),
        nn.Conv2d(2 * channels, 1, 1),
    )
