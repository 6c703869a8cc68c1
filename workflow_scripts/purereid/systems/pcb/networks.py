"""The encoder of parts: a backbone whose map is pooled in horizontal stripes, and a classifier of each stripe.

Sun et al., Beyond Part Models: Person Retrieval with Refined Part Pooling, ECCV 2018, figure 2, without the refined
pooling.
"""

import torch
from torch import nn
from torch.nn import functional

from purereid.errors import UserError
from purereid.networks.backbone_encoder import BackboneEncoder
from purereid.training.distributed import gather


class Encoder(BackboneEncoder):
    """Backbone, pooling of P stripes, a narrow layer that all stripes share, a classifier of each stripe.

    The stripes are of one height; where P does not divide the rows of the map, neighbours share a row.

    Args:
        common: arguments of ``BackboneEncoder``; the backbone must give a map.
        parts: number P of stripes; at most as many as the map has rows.
        part_width: outputs of the narrow layer.
        part_dropout: probability, of one of these, to be 0 in training.
        extra_class: whether one further class, the last, is for generated images.

    Raises:
        UserError: the backbone gives no map, or one with fewer rows than parts.
    """

    def __init__(
        self,
        *,
        parts: int = 6,
        part_width: int = 256,
        part_dropout: float = 0.0,
        extra_class: bool = False,
        **common: object,
    ):
        own = {name: value for name, value in locals().items() if name not in ("self", "__class__", "common")}
        super().__init__(own, **common)
        self.parts = parts
        _check_rows(self.backbone, parts, common["height"], common["width"])
        self.narrow = _narrow(self.features, part_width, part_dropout)
        classes = len(common["pids"]) + extra_class
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
        stripes = functional.adaptive_avg_pool2d(self.backbone(images).float(), (self.parts, 1))[..., 0]
        return stripes.transpose(1, 2).flatten(1)

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """The sum of the views, each part brought to one length, so that all parts count alike; float32 [B, P D]."""
        total = sum(views).float().unflatten(1, (self.parts, -1))
        return (functional.normalize(total, dim=2) / self.parts**0.5).flatten(1)

    def probabilities(self, embedded: torch.Tensor) -> torch.Tensor:
        """Probability float32 [B, K] of each class, the extra one last, for one embedded view; the parts' mean."""
        return self._logits(embedded).softmax(dim=2).mean(dim=1)

    def _logits(self, embedded: torch.Tensor) -> torch.Tensor:
        stripes = embedded.unflatten(1, (self.parts, -1))
        narrow = self.narrow(stripes.flatten(0, 1)).unflatten(0, stripes.shape[:2])
        return torch.stack([layer(part) for layer, part in zip(self.classifiers, narrow.unbind(1), strict=True)], dim=1)


def _narrow(features: int, width: int, dropout: float) -> nn.Sequential:
    linear = nn.Linear(features, width, bias=False)
    nn.init.kaiming_normal_(linear.weight, mode="fan_out")
    return nn.Sequential(linear, nn.BatchNorm1d(width), nn.ReLU(inplace=True), nn.Dropout(dropout))


def _check_rows(backbone: nn.Module, parts: int, height: int, width: int) -> None:
    """Refuse more parts than rows before anything is learnt, whatever the backbone makes of the size of its input."""
    with torch.no_grad():
        maps = backbone.eval()(torch.zeros(1, 3, height, width))
    backbone.train()
    rows = maps.shape[2] if maps.ndim == 4 else 0
    if rows < parts:
        given = f"a map of {rows} rows for {height} pixels" if rows else "no map"
        raise UserError(
            f"{parts} parts are asked for, and the backbone gives {given}",
            where="train_reid.pcb.parts",
            expected="a backbone whose map has a row for each part at least",
            do="lower parts, or choose a taller input (train_reid.height) or another backbone",
        )


ROLES = {"encoder": Encoder}
