"""What the encoders of all systems are built on: a backbone for images of one size, and what rebuilds the network."""

from torch import nn

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
