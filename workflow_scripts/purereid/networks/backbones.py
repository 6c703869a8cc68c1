"""Backbones: networks that turn a batch of images into feature maps.

``resnet_small`` is for CPUs; ``resnet18/34/50/101`` and ``densenet121`` come from torchvision; ``timm:NAME`` is any
model of timm, where timm is installed; ``colour_histogram`` learns nothing and is a yardstick.
"""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from purereid.data.transforms import MEAN, STD
from purereid.errors import UserError
from purereid.networks.colour_histogram import ColourHistogram
from purereid.networks.resnet_small import ResNetSmall
from purereid.networks.timm_backbone import TimmBackbone, published_statistics

TORCHVISION = ("resnet18", "resnet34", "resnet50", "resnet101", "densenet121")
TIMM = "timm:"
OWN: dict[str, Callable[[int], nn.Module]] = {  # from the last stride; each has a ``width``, that of its features
    "resnet_small": ResNetSmall,
    "colour_histogram": lambda last_stride: ColourHistogram(),
}


def build_backbone(
    name: str, last_stride: int = 1, height: int = 256, width: int = 128, *, own_pooling: bool = False
) -> tuple[nn.Module, int]:
    """Make a backbone with random weights.

    Args:
        name: one of those above.
        last_stride: stride of the last stage, 1 or 2; 1 doubles the resolution of the feature map (BoT, section 3.4).
            Models of timm keep their own.
        height, width: size of the input in pixels; some models of timm are built for one size.
        own_pooling: whether a model of timm pools as its authors do, for instance by a class token. The other
            backbones have no pooling of their own.

    Returns:
        a module from float [B, 3, H, W] to a map float [B, D, h, w], or to [B, D] for ``colour_histogram`` and for
        models of timm with ``own_pooling``; and D.

    Raises:
        UserError: unknown name, timm is missing, or a model of timm that does not take images of this size or has no
            map.
    """
    if name in OWN:
        network = OWN[name](last_stride)
        return network, network.width
    if name in TORCHVISION:
        return _torchvision(name, last_stride)
    if name.startswith(TIMM):
        network = TimmBackbone(name.removeprefix(TIMM), height, width, own_pooling)
        return network, network.width
    raise _unknown(name)


def pixel_statistics(name: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation (RGB, values 0..1) with which a backbone's published weights were trained.

    Args:
        name: as for ``build_backbone``. Weights of one model of timm may differ in them: the tag after the model's
            name tells which are meant, and without it timm's default is.

    Returns:
        those of timm's configuration of the model; those of ImageNet for all other backbones.

    Raises:
        UserError: unknown name, or timm is missing.
    """
    if name.startswith(TIMM):
        return published_statistics(name.removeprefix(TIMM))
    if name in (*OWN, *TORCHVISION):
        return MEAN, STD
    raise _unknown(name)


def with_pixel_statistics(configuration: dict) -> dict:
    """The configuration of an encoder; where its mean is None, with ``pixel_statistics`` of its backbone.

    Raises:
        UserError: as for ``pixel_statistics``.
    """
    if configuration["mean"] is not None:
        return configuration
    mean, std = pixel_statistics(configuration["backbone"])
    return configuration | {"mean": list(mean), "std": list(std)}


def stages(backbone: nn.Module) -> list[nn.Module]:
    """The modules of a backbone whose outputs are its feature maps, from fine to coarse.

    Of ``resnet_small`` stem and stages, of torchvision's ResNets their four layers, of others the backbone alone.
    """
    if isinstance(backbone, ResNetSmall):
        return [backbone.stem, *backbone.stages]
    if isinstance(backbone, _FeatureMap):
        return [getattr(backbone, f"layer{number}") for number in (1, 2, 3, 4)]
    return [backbone]


def map_widths(backbone: nn.Module) -> list[int]:
    """Channels of the maps that ``maps`` yields.

    Raises:
        UserError: as for ``maps``.
    """
    training, device = backbone.training, next(backbone.parameters()).device
    with torch.no_grad():
        widths = [found.shape[1] for found in maps(backbone.eval(), torch.zeros(1, 3, 64, 32, device=device))]
    backbone.train(training)
    return widths


def maps(backbone: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """The maps of the four stages of a ResNet, from fine to coarse; the last is what the backbone yields.

    Args:
        backbone: ``resnet_small`` or a ResNet of torchvision.
        images: float [B, 3, H, W].

    Raises:
        UserError: another backbone.
    """
    if isinstance(backbone, ResNetSmall):
        before, after = [backbone.stem], list(backbone.stages)
    elif isinstance(backbone, _FeatureMap):
        *before, first, second, third, fourth = backbone
        after = [first, second, third, fourth]
    else:
        raise UserError("the backbone has no four stages", expected=f"resnet_small or {', '.join(TORCHVISION[:4])}")
    for layer in before:
        images = layer(images)
    found = [images]
    for stage in after:
        found.append(stage(found[-1]))
    return found[1:]


def _unknown(name: str) -> UserError:
    return UserError(
        f"unknown backbone {name!r}",
        where="train_reid.backbone",
        expected=f"{', '.join((*OWN, *TORCHVISION))} or {TIMM}NAME",
    )


def _torchvision(name: str, last_stride: int) -> tuple[nn.Module, int]:
    from purereid.vision import torchvision

    network = getattr(torchvision.models, name)(weights=None)
    if name == "densenet121":
        if last_stride == 1:
            network.features.transition3.pool = nn.Identity()
        width = network.classifier.in_features
        return nn.Sequential(OrderedDict(features=network.features, relu=nn.ReLU())), width
    width = network.fc.in_features
    if last_stride == 1:
        for layer in network.layer4[0].modules():
            if isinstance(layer, nn.Conv2d):
                layer.stride = (1, 1)
    return _FeatureMap(network), width


class _FeatureMap(nn.Sequential):
    """The stages of a torchvision ResNet under their own names, without pooling and classifier."""

    def __init__(self, network: nn.Module):
        super().__init__()
        for name, child in network.named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, child)
