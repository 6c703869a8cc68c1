"""The reID model: backbone, BNNeck and identity classifier, and its file."""

import json
from pathlib import Path

import torch
from torch import nn

from purereid.errors import UserError
from purereid.networks.backbones import build_backbone
from purereid.training import checkpoint
from purereid.training.distributed import gather


class ReIDModel(nn.Module):
    """Backbone, global average pooling, BNNeck, classifier (BoT, Luo et al. 2019, section 3.5).

    Args:
        backbone: name, see ``backbones``.
        last_stride: stride of the backbone's last stage.
        bnneck: whether a batch normalisation stands between the pooled feature and the classifier.
        pids: the identities of the training set in label order, one class each.
        height, width: size of the input in pixels.
        resizing: how images are stretched to it, see ``data.images.resize``.
        extra_class: whether one further class, the last, is for generated images.
    """

    def __init__(
        self,
        *,
        backbone: str,
        last_stride: int,
        bnneck: bool,
        pids: list[int],
        height: int,
        width: int,
        resizing: str = "opencv",
        extra_class: bool = False,
    ):
        super().__init__()
        self.configuration = {
            "backbone": backbone,
            "last_stride": last_stride,
            "bnneck": bnneck,
            "pids": pids,
            "height": height,
            "width": width,
            "resizing": resizing,
            "extra_class": extra_class,
        }
        self.backbone, features = build_backbone(backbone, last_stride, height, width, own_pooling=True)
        self.neck = nn.BatchNorm1d(features) if bnneck else nn.Identity()
        self.classifier = nn.Linear(features, len(pids) + extra_class, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)
        if bnneck:
            self.neck.bias.requires_grad_(False)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features for the metric loss and class scores, of the whole batch.

        Args:
            images: float [b, 3, H, W], this process's slice of the batch.

        Returns:
            pooled features float32 [B, D] and logits float32 [B, K], of all processes' slices.
        """
        pooled = gather(self.pool(images))
        with torch.autocast(images.device.type, enabled=False):
            return pooled, self.classifier(self.neck(pooled))

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """What the classifier sees: pooled features after the neck (if there is one), float32 [B, D]."""
        return self.neck(self.pool(images))

    def pool(self, images: torch.Tensor) -> torch.Tensor:
        """Pooled features of the backbone, float32 [B, D]."""
        maps = self.backbone(images).float()
        return maps.mean(dim=(2, 3)) if maps.ndim == 4 else maps


def save_model(path: str | Path, model: ReIDModel) -> None:
    """Write a model with its configuration."""
    checkpoint.save(path, model.state_dict(), configuration=json.dumps(model.configuration), kind="reid")


def load_model(path: str | Path) -> ReIDModel:
    """Rebuild a model from its file, in evaluation mode.

    Raises:
        UserError: the file holds something else, or its weights do not fit its configuration.
    """
    state, header = checkpoint.load(path)
    if header.get("kind") != "reid":
        raise UserError(
            "the file holds no reID model",
            where=path,
            expected="encoder.safetensors of the rule train_reid",
            do="name an encoder, or delete the file so that it is made again",
        )
    model = ReIDModel(**json.loads(header["configuration"]))
    checkpoint.fill(model, state, path)
    return model.eval()
