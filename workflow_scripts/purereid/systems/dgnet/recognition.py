"""The network that tells persons apart: a backbone with two heads.

Zheng et al., Joint Discriminative and Generative Learning for Person Re-identification, CVPR 2019, section 3.1, and its
published code. With ResNet-50 and 751 identities it has 26,378,782 parameters.
"""

import torch
from torch import nn
from torch.nn import functional

from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.networks.bottleneck import Bottleneck
from purereid.networks.pooling import pooling

PARTS = 4  # stripes of an image, from top to bottom, whose appearance is encoded


class Head(nn.Module):
    """A bottleneck and a classifier.

    Args:
        features: width of the pooled feature.
        width: of the bottleneck.
        classes: number K of identities.
        dropout: before the classifier.
    """

    def __init__(self, features: int, width: int, classes: int, dropout: float):
        super().__init__()
        self.bottleneck = Bottleneck(features, width, "none", dropout)
        self.classifier = nn.Linear(width, classes)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Logits float32 [B, K] of pooled features float [B, D]."""
        with torch.autocast(pooled.device.type, enabled=False):
            return self.classifier(self.bottleneck(pooled))


class Encoder(BackboneEncoder):
    """Backbone, maximum over its map, and two heads: primary, of who wears these clothes; fine, of shape and posture.

    Args:
        common: arguments of ``BackboneEncoder``; its ``last_stride`` is published as 1.
        bottleneck: width of the heads (published: 512).
        primary_dropout, fine_dropout: of the heads (published: 0.5, 0.75).
        fine_weight: what the fine half counts beside the primary one where images are compared (published: 0.5); 0: the
            primary half alone, -1: the fine one alone.
    """

    def __init__(
        self,
        *,
        bottleneck: int = 512,
        primary_dropout: float = 0.5,
        fine_dropout: float = 0.75,
        fine_weight: float = 0.5,
        **common: object,
    ):
        own = {name: value for name, value in locals().items() if name not in ("self", "__class__", "common")}
        super().__init__(own, **common)
        self.pooling = pooling("max")
        self.primary = Head(self.features, bottleneck, len(common["pids"]), primary_dropout)
        self.fine = Head(self.features, bottleneck, len(common["pids"]), fine_dropout)
        self.fine_weight = fine_weight

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What a training needs.

        Args:
            images: float [B, 3, H, W], normalised.

        Returns:
            logits float32 [B, K] of the primary and of the fine head; appearance float32 [B, D, PARTS].
        """
        maps = self.backbone(images)
        pooled = self.pooling(maps)
        return self.primary(pooled), self.fine(pooled), _appearance(maps)

    def appearance(self, images: torch.Tensor) -> torch.Tensor:
        """Appearance float32 [B, D, PARTS] of normalised images: the maximum of the map in each stripe."""
        return _appearance(self.backbone(images))

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Both halves float32 [B, 2 E] of one view, each of a head's bottleneck before its dropout."""
        pooled = self.pooling(self.backbone(images))
        return torch.cat([head.bottleneck.feature(pooled) for head in (self.primary, self.fine)], dim=1)

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """The halves, each the sum of the views' halves of length 1, brought to length 1; float32 [B, 2 E].

        Halves are scaled such that the product of two features is cos(primary) + fine_weight cos(fine), up to a factor
        that is the same for all.
        """
        halves = []
        for number, weight in enumerate(_weights(self.fine_weight)):
            total = sum(functional.normalize(view.float().chunk(2, dim=1)[number], dim=1) for view in views)
            halves.append(functional.normalize(total, dim=1) * weight**0.5)
        return torch.cat(halves, dim=1)

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor:
        """Probability float32 [B, K] of each identity by the primary head, for one embedded view."""
        with torch.autocast(embedded.device.type, enabled=False):
            return self.primary.classifier(embedded.float().chunk(2, dim=1)[0]).softmax(dim=1)


def _appearance(maps: torch.Tensor) -> torch.Tensor:
    return functional.adaptive_max_pool2d(maps.float(), (PARTS, 1)).flatten(2)


def _weights(fine_weight: float) -> tuple[float, float]:
    """Of the primary and of the fine half."""
    return (0.0, 1.0) if fine_weight == -1 else (1.0, fine_weight)
