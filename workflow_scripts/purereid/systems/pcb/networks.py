"""The encoder of parts: a backbone whose map is pooled in horizontal stripes, and a classifier of each stripe.

Sun et al., Beyond Part Models: Person Retrieval with Refined Part Pooling, ECCV 2018, without the refined pooling.
"""

import torch
from torch import nn
from torch.nn import functional

from purereid.errors import UserError
from purereid.networks.backbones import build_backbone, pixel_statistics
from purereid.training.distributed import gather


class Encoder(nn.Module):
    """Backbone, pooling of P stripes; for each stripe a narrow layer and a classifier.

    Args:
        backbone: name, see ``backbones``; it must give a map.
        last_stride: stride of the backbone's last stage.
        pids: the identities of the training set in label order, one class each.
        height, width: size of the input in pixels.
        resizing: how images are stretched to it, see ``data.images.resize``.
        mean, std: of the three channels of the input; None: those of the backbone's pretraining.
        parts: number P of stripes; at most as many as the map has rows.
        part_width: of the narrow layers.
        part_dropout: probability, of an output of a narrow layer, to be 0 in training.
        extra_class: whether one further class, the last, is for generated images.
    """

    def __init__(
        self,
        *,
        backbone: str,
        last_stride: int,
        pids: list[int],
        height: int,
        width: int,
        resizing: str = "opencv",
        mean: list[float] | None = None,
        std: list[float] | None = None,
        parts: int = 6,
        part_width: int = 256,
        part_dropout: float = 0.0,
        extra_class: bool = False,
    ):
        super().__init__()
        self.configuration = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        if mean is None:
            self.configuration |= dict(zip(("mean", "std"), map(list, pixel_statistics(backbone)), strict=True))
        self.parts = parts
        self.backbone, self.features = build_backbone(backbone, last_stride, height, width)
        self.narrow = nn.ModuleList([_narrow(self.features, part_width, part_dropout) for _ in range(parts)])
        classes = len(pids) + extra_class
        self.classifiers = nn.ModuleList([nn.Linear(part_width, classes) for _ in range(parts)])
        for classifier in self.classifiers:
            nn.init.normal_(classifier.weight, std=0.001)
            nn.init.zeros_(classifier.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores of each part of the whole batch.

        Args:
            images: float [b, 3, H, W], this process's slice of the batch.

        Returns:
            logits float32 [B, P, K], of all processes' slices.
        """
        pooled = gather(self.embed(images))
        with torch.autocast(images.device.type, enabled=False):
            return self._logits(pooled)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Pooled features of the stripes, one after the other, float32 [B, P D]."""
        maps = self.backbone(images).float()
        if maps.ndim != 4 or maps.shape[2] < self.parts:
            raise UserError(
                f"{self.parts} parts are asked for, and the backbone gives {_shape(maps)}",
                where="train_reid.pcb.parts",
                expected="a backbone whose map has a row for each part at least",
                do="lower parts, or choose a taller input (train_reid.height) or another backbone",
            )
        stripes = functional.adaptive_avg_pool2d(maps, (self.parts, 1))[..., 0]
        return stripes.transpose(1, 2).flatten(1)

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """The sum of the views, each part brought to one length, so that all parts count alike; float32 [B, P D]."""
        total = sum(views).float().unflatten(1, (self.parts, -1))
        return (functional.normalize(total, dim=2) / self.parts**0.5).flatten(1)

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor:
        """Probability float32 [B, K] of each class, the extra one last, for one embedded view; the parts' mean."""
        return self._logits(embedded).softmax(dim=2).mean(dim=1)

    def _logits(self, embedded: torch.Tensor) -> torch.Tensor:
        stripes = embedded.unflatten(1, (self.parts, -1)).unbind(1)
        layers = zip(self.narrow, self.classifiers, stripes, strict=True)
        return torch.stack([classifier(narrow(stripe)) for narrow, classifier, stripe in layers], dim=1)


def _narrow(features: int, width: int, dropout: float) -> nn.Sequential:
    linear = nn.Linear(features, width, bias=False)
    nn.init.kaiming_normal_(linear.weight, mode="fan_out")
    return nn.Sequential(linear, nn.BatchNorm1d(width), nn.ReLU(inplace=True), nn.Dropout(dropout))


def _shape(maps: torch.Tensor) -> str:
    return f"a map of {maps.shape[2]} rows" if maps.ndim == 4 else "no map"


ROLES = {"encoder": Encoder}
