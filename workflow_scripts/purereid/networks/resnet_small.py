"""A residual network of 0.3 M parameters for training on CPUs."""

import torch
from torch import nn

WIDTHS = (16, 32, 64, 128)


class ResNetSmall(nn.Module):
    """Stem and four stages of one basic block each (He et al. 2016), widths 16 to 128.

    Float [B, 3, H, W] to float [B, 128, H / 8, W / 8] with last stride 1, H / 16 and W / 16 with last stride 2.
    """

    width = WIDTHS[-1]

    def __init__(self, last_stride: int = 1):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        strides = (1, 2, 2, last_stride)
        inputs = (WIDTHS[0], *WIDTHS[:-1])
        self.stages = nn.Sequential(*(Block(i, o, s) for i, o, s in zip(inputs, WIDTHS, strides, strict=True)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.stages(self.stem(images))


class Block(nn.Module):
    """Two 3 x 3 convolutions and a skip connection."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inner + self.skip(x))
