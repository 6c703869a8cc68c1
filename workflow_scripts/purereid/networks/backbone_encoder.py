"""What the encoders of all systems are built on: a backbone for images of one size, and what rebuilds the network."""

import torch
from torch import nn
from torch.nn import functional

from purereid.networks.backbones import build_backbone, with_pixel_statistics


class BackboneEncoder(nn.Module):
    """A backbone; an encoder adds what it makes of its map.

    Args:
        own: the encoder's own arguments, by name.
        own_pooling: as for ``build_backbone``.
        backbone: name, see ``backbones``.
        last_stride: stride of the backbone's last stage.
        pids: the K identities of the training set in label order.
        height, width: size of the input in pixels.
        resizing: how images are stretched to it, see ``data.images.resize``.
        mean, std: of the three channels of the input; None: those of the backbone's pretraining.

    Attributes:
        configuration: all arguments of the encoder, JSON values.
        backbone: a module from images float [B, 3, H, W] to a map float [B, D, h, w].
        features: D.
    """

    def __init__(
        self,
        own: dict,
        *,
        own_pooling: bool = False,
        backbone: str,
        last_stride: int,
        pids: list[int],
        height: int,
        width: int,
        resizing: str = "opencv",
        mean: list[float] | None = None,
        std: list[float] | None = None,
    ):
        super().__init__()
        given = {"backbone": backbone, "last_stride": last_stride, "pids": pids, "height": height, "width": width}
        given |= {"resizing": resizing, "mean": mean, "std": std}
        self.configuration = with_pixel_statistics(given | own)
        self.backbone, self.features = build_backbone(backbone, last_stride, height, width, own_pooling=own_pooling)

    def combine(self, views: list[torch.Tensor]) -> torch.Tensor:
        """The sum of the views' embeddings of length 1, brought to length 1; float32 [B, D]."""
        total = sum(functional.normalize(view.float(), dim=1) for view in views)
        return functional.normalize(total, dim=1) if len(views) > 1 else total
