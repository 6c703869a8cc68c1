"""An encoder of one convolution, and a generator that blends source and pose."""

import torch
from torch import nn
from torch.nn import functional


class Encoder(nn.Module):
    """Mean features of one convolution, and a classifier."""

    def __init__(self, **configuration: object):
        super().__init__()
        self.configuration = configuration
        self.convolution = nn.Conv2d(3, 16, 5, stride=4)
        self.classifier = nn.Linear(16, len(configuration["pids"]))

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        return self.convolution(images).relu().float().mean(dim=(2, 3))

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        return functional.normalize(sum(views), dim=1)

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor:
        return self.classifier(embedded).softmax(dim=1)


class Generator(nn.Module):
    """weight x source + (1 - weight) x image of the pose."""

    def __init__(self, *, height: int, width: int):
        super().__init__()
        self.configuration = {"height": height, "width": width}
        self.weight = nn.Parameter(torch.tensor(0.5))

    def forward(self, source: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
        return self.weight * source + (1 - self.weight) * pose

    def draw(self, conditions: dict[str, torch.Tensor]) -> torch.Tensor:
        images = self(conditions["source"].float(), conditions["pose_image"].float())
        return images.round().clamp(0, 255).to(torch.uint8)


ROLES = {"encoder": Encoder, "generator": Generator}
