"""The encoder of SAN: that of the bag of tricks, which also hands out its maps."""

import torch
from torch import nn

from purereid.networks.backbones import maps
from purereid.systems.bot.networks import Encoder as BotEncoder

SPREAD = 0.01  # of the first weights of new linear layers, as published


class Encoder(BotEncoder):
    """Backbone, pooling, neck, classifier.

    As published, the neck is a bottleneck of 512 with ReLU, and what it yields is the feature; here by default it is
    BoT's.

    Args:
        arguments: of BoT's encoder.
    """

    def __init__(self, **arguments: object):
        super().__init__(**arguments)
        if arguments.get("bottleneck"):
            nn.init.normal_(self.classifier.weight, std=SPREAD)
            nn.init.normal_(self.neck.linear.weight, std=SPREAD)
            nn.init.ones_(self.neck.norm.weight)

    def forward(
        self, images: torch.Tensor, labelled: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        """All that is learnt from.

        Args:
            images: float [N, 3, H, W], normalised.
            labelled: B, how many of them, the first ones, neck and classifier see.

        Returns:
            pooled float32 [B, D], what the classifier sees float32 [B, E], logits float32 [B, K], and the four maps
            of all images.
        """
        found = maps(self.backbone, images)
        pooled = self.pooling(found[-1][:labelled])
        with torch.autocast(images.device.type, enabled=False):
            seen = self.neck(pooled.float())
            return pooled, seen, self.classifier(seen), found
