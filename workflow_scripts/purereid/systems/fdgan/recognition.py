"""Networks that tell persons apart: the encoder, the verifier, and the discriminator of identities.

Ge et al., FD-GAN: Pose-guided Feature Distilling GAN for Robust Person Re-identification, NeurIPS 2018, section 3.1,
and its published code. With ResNet-50 encoder and verifier have 23,516,226 parameters, the discriminator 23,514,177.
"""

import torch
from torch import nn

from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.networks.pooling import pooling

SAME = 1  # class of the verifier


class Encoder(BackboneEncoder):
    """A backbone and the mean over its map, without neck or classifier.

    Args:
        common: arguments of ``BackboneEncoder``; its ``last_stride`` is published as 2.
    """

    def __init__(
        self,
        **common: object,
    ):
        super().__init__({}, **common)
        self.pooling = pooling("mean")

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Features float32 [B, D] of normalised images float [B, 3, H, W]."""
        return self.pooling(self.backbone(images))

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """The mean of the views, float32 [B, D], of any length: the verifier compares features as they are."""
        return torch.stack(views).mean(dim=0)

    def probabilities(self, embedded: torch.Tensor) -> None:
        """There is no classifier."""


class Verifier(nn.Module):
    """Whether two features are of one person: squared differences, batch normalisation, a linear layer.

    Args:
        features: width D of the features.
        classes: outputs; class 1 of 2 is "same".
    """

    def __init__(self, *, features: int, classes: int = 2):
        super().__init__()
        self.configuration = {"features": features, "classes": classes}
        self.norm = nn.BatchNorm1d(features)
        self.classifier = nn.Linear(features, classes)
        nn.init.normal_(self.classifier.weight, std=0.001)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Logits float32 [B, classes] of features [B, D] and [B, D]."""
        with torch.autocast(first.device.type, enabled=False):
            return self.classifier(self.norm((first.float() - second.float()).square()))

    def differ(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Logarithm float32 [B] of the probability that features [B, D] and [B, D] are of different persons."""
        return self(first, second).log_softmax(dim=1)[:, 1 - SAME]


class DiscriminatorIdentity(nn.Module):
    """Whether an image shows the person of another one, and is real: an encoder and a verifier of its own.

    Args:
        encoder: configuration of the encoder.
    """

    def __init__(self, *, encoder: dict):
        super().__init__()
        self.encoder = Encoder(**encoder)
        self.configuration = {"encoder": self.encoder.configuration}
        self.verifier = Verifier(features=self.encoder.features, classes=1)

    def start_from(self, encoder: Encoder, verifier: Verifier) -> None:
        """Take the weights of a trained encoder, and what its verifier looks at for "same"."""
        self.encoder.load_state_dict(encoder.state_dict())
        self.verifier.norm.load_state_dict(verifier.norm.state_dict())
        with torch.no_grad():
            self.verifier.classifier.weight.copy_(verifier.classifier.weight[SAME : SAME + 1])
            self.verifier.classifier.bias.copy_(verifier.classifier.bias[SAME : SAME + 1])

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Features float32 [B, D] of normalised images float [B, 3, H, W]."""
        return self.encoder.embed(images)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Logits float32 [B, 1] of embedded images [B, D] and [B, D]."""
        return self.verifier(first, second)
