"""Backbones: networks that turn a batch of images into feature maps.

``resnet_small`` is for CPUs; ``resnet18/34/50/101`` and ``densenet121`` come from torchvision; ``timm:NAME`` is any
model of timm, where timm is installed; ``colour_histogram`` learns nothing and is a yardstick.
"""

import torch
from torch import nn

from purereid.data.weights import read_weights
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.colour_histogram import ColourHistogram
from purereid.networks.resnet_small import ResNetSmall

TORCHVISION = ("resnet18", "resnet34", "resnet50", "resnet101", "densenet121")


def build_backbone(name: str, last_stride: int = 1, height: int = 256, width: int = 128) -> tuple[nn.Module, int]:
    """Make a backbone with random weights.

    Args:
        name: one of those above.
        last_stride: stride of the last stage, 1 or 2; 1 doubles the resolution of the feature map (BoT, section 3.4).
            Models of timm keep their own.
        height, width: size of the input in pixels; some models of timm are built for one size.

    Returns:
        a module from float [B, 3, H, W] to float [B, D, h, w] or [B, D], and D.

    Raises:
        UserError: unknown name, timm is missing, or a model of timm that does not take images of this size.
    """
    if name == "colour_histogram":
        return ColourHistogram(), ColourHistogram.width
    if name == "resnet_small":
        network = ResNetSmall(last_stride)
        return network, network.width
    if name in TORCHVISION:
        return _torchvision(name, last_stride)
    if name.startswith("timm:"):
        return _timm(name.removeprefix("timm:"), height, width)
    raise UserError(
        f"unknown backbone {name!r}",
        where="train_reid.backbone",
        expected=f"resnet_small, {', '.join(TORCHVISION)}, timm:NAME or colour_histogram",
    )


def load_pretrained(backbone: nn.Module, path: str, sha256: str) -> None:
    """Fill a backbone with weights from a local file, for instance of ImageNet.

    Args:
        backbone: as made by ``build_backbone``.
        path: safetensors file with the state of the torchvision or timm model of the same name; the classifier's
            tensors may be in it and are not used.
        sha256: checksum (hex) that the file must have.

    Raises:
        UserError: the file is missing, has another checksum, is no safetensors file, or is of another network.
    """
    state = read_weights(path, sha256, "train_reid.weights")
    # torchvision's DenseNet keeps its backbone under "features.", ours is that part
    known = backbone.state_dict()
    state = {name if name in known else name.removeprefix("features."): tensor for name, tensor in state.items()}
    missing, unexpected = backbone.load_state_dict(state, strict=False)
    unexpected = [name for name in unexpected if not name.startswith(("fc.", "classifier.", "head."))]
    if missing or unexpected:
        raise UserError(
            f"the weights are of another network: {len(missing)} tensors missing, {len(unexpected)} not known",
            where=f"{path}, for instance {(missing + unexpected)[0]}",
            expected="weights of the network named in train_reid.backbone",
        )
    log.info("backbone starts from %s", path)


def _torchvision(name: str, last_stride: int) -> tuple[nn.Module, int]:
    from purereid.vision import torchvision

    network = getattr(torchvision.models, name)(weights=None)
    if name == "densenet121":
        features = network.features
        if last_stride == 1:
            features.transition3.pool = nn.Identity()
        features.relu = nn.ReLU()
        return features, network.classifier.in_features
    width = network.fc.in_features
    if last_stride == 1:
        for layer in network.layer4[0].modules():
            if isinstance(layer, nn.Conv2d):
                layer.stride = (1, 1)
    network.fc = network.avgpool = nn.Identity()
    return _FeatureMap(network), width


class _FeatureMap(nn.Sequential):
    """The stages of a torchvision ResNet under their own names, without pooling and classifier."""

    def __init__(self, network: nn.Module):
        super().__init__()
        for name, child in network.named_children():
            if name not in ("avgpool", "fc"):
                self.add_module(name, child)


def _timm(name: str, height: int, width: int) -> tuple[nn.Module, int]:
    import purereid.vision  # noqa: F401 (timm imports torchvision)

    try:
        import timm
    except ImportError:
        raise UserError(
            f"backbone timm:{name} needs the package timm",
            where="train_reid.backbone",
            do="pip install timm==1.0.31",
        ) from None
    if name not in timm.list_models():
        raise UserError(f"timm has no model {name!r}", where="train_reid.backbone", do="see timm.list_models()")
    try:
        network = timm.create_model(name, pretrained=False, num_classes=0, img_size=(height, width))
    except TypeError:  # convolutional networks take every size
        network = timm.create_model(name, pretrained=False, num_classes=0)
    try:
        with torch.inference_mode():
            features = network.eval()(torch.zeros(1, 3, height, width))
    except Exception as error:
        raise UserError(
            f"timm:{name} does not take images of {height} x {width}: {error}",
            where="train_reid.backbone",
            do="choose another size (train_reid.height, train_reid.width) or another model",
        ) from None
    return network, features.shape[1]


def statistics_of(name):
    from purereid.data.transforms import MEAN, STD

    return MEAN, STD
