"""The encoder of the bag of tricks: backbone, pooling, neck and classifier (BoT, Luo et al. 2019, section 3.5)."""

import torch
from torch import nn

from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.networks.bottleneck import Bottleneck
from purereid.networks.pooling import pooling as build_pooling
from purereid.training.distributed import gather


class Encoder(BackboneEncoder):
    """Backbone, pooling, neck, classifier.

    Args:
        common: arguments of ``BackboneEncoder``.
        pooling: mean, max, gem, or own, as the authors of a timm model pool (the mean of other backbones).
        bnneck: whether a batch normalisation stands between pooled feature and classifier.
        bottleneck: width of the layer that stands there instead, see ``bottleneck``; 0: none.
        bottleneck_activation, bottleneck_dropout: of that layer.
        embedding: what an image is embedded as: ``neck``, what the classifier sees, or ``pooled``, what the neck sees.
        extra_class: whether one further class, the last, is for generated images.
    """

    def __init__(
        self,
        *,
        pooling: str = "mean",
        bnneck: bool = True,
        bottleneck: int = 0,
        bottleneck_activation: str = "leaky_relu",
        bottleneck_dropout: float = 0.5,
        embedding: str = "neck",
        extra_class: bool = False,
        **common: object,
    ):
        own = {name: value for name, value in locals().items() if name not in ("self", "__class__", "common")}
        super().__init__(own, own_pooling=pooling == "own", **common)
        self.pooling = build_pooling("mean" if pooling == "own" else pooling)
        self.neck = _neck(self.features, bnneck, bottleneck, bottleneck_activation, bottleneck_dropout)
        self.classifier = nn.Linear(bottleneck or self.features, len(common["pids"]) + extra_class, bias=bottleneck > 0)
        nn.init.normal_(self.classifier.weight, std=0.001)
        if bottleneck:
            nn.init.zeros_(self.classifier.bias)
        self.embeds_pooled = embedding == "pooled"

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features for the metric losses and class scores, of the whole batch.

        Args:
            images: float [b, 3, H, W], this process's slice of the batch.

        Returns:
            pooled features float32 [B, D] and logits float32 [B, K], of all processes' slices.
        """
        pooled = gather(self.pool(images))
        with torch.autocast(images.device.type, enabled=False):
            return pooled, self.classifier(self.neck(pooled))

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """What is known of one view, float32 [B, D], see ``embedding``."""
        pooled = self.pool(images)
        return pooled if self.embeds_pooled else self.neck(pooled)

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor:
        """Probability float32 [B, K] of each class, the extra one last, for one embedded view."""
        return self.classifier(self.neck(embedded) if self.embeds_pooled else embedded).softmax(dim=1)

    def pool(self, images: torch.Tensor) -> torch.Tensor:
        """Pooled features of the backbone, float32 [B, D]."""
        return self.pooling(self.backbone(images))


def _neck(features: int, bnneck: bool, bottleneck: int, activation: str, dropout: float) -> nn.Module:
    if bottleneck:
        return Bottleneck(features, bottleneck, activation, dropout)
    if not bnneck:
        return nn.Identity()
    neck = nn.BatchNorm1d(features)
    neck.bias.requires_grad_(False)
    return neck


ROLES = {"encoder": Encoder}
