"""Models of timm as backbones: pooled in their own way, or as feature maps."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import torch
from torch import nn

from purereid.errors import UserError


class TimmBackbone(nn.Module):
    """A model of timm without its classifier and with random weights.

    Float [B, 3, H, W] to a map float [B, D, h, w], or, with ``own_pooling``, to [B, D].

    Args:
        name: of timm, with or without the tag of published weights.
        height, width: size of the input in pixels.
        own_pooling: whether the model pools as its authors do: by class token, attention or mean, and with the norm
            that may follow. Otherwise class and register tokens are left out, and that norm acts at each position.

    Raises:
        UserError: timm is missing or has no such model, or the model does not take images of this size, or has no map.
    """

    def __init__(self, name: str, height: int, width: int, own_pooling: bool = False):
        super().__init__()
        _configuration(name)
        self.name, self.own_pooling = name, own_pooling
        wrong_size, no_map = f"does not take images of {height} x {width}", "has no feature map"
        with _told(name, wrong_size):
            self.network = _create(name, height, width)
        _check_patches(name, self.network, height, width)
        if not own_pooling:
            with _told(name, no_map):
                self.network.reset_classifier(0, "")
        with _told(name, wrong_size):
            features = _features(self.network, height, width)
        with _told(name, no_map):
            self.width = self._finished(features).shape[1]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self._finished(self.network(images))

    def converted(self, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Published weights under the names and in the shapes of this model, by the means that timm has for it.

        Position tables, for instance, are resampled from the grid of timm's configuration of the model if they have its
        number of entries, otherwise from a square one. What would not fit then stays as it is.
        """
        module = sys.modules[_library(self.name).models.model_entrypoint(self.name).__module__]
        convert = getattr(module, "checkpoint_filter_fn", None)  # called so throughout timm
        if convert is None:
            return state
        known, fitted = self.network.state_dict(), convert(dict(state), self.network)
        spoilt = [name for name in fitted if name in known and fitted[name].shape != known[name].shape]
        return fitted | {name: state[name] for name in spoilt if name in state}

    def _finished(self, features: torch.Tensor) -> torch.Tensor:
        if self.own_pooling:
            return features
        if features.ndim == 4:
            channels_last = getattr(self.network, "output_fmt", "NCHW") == "NHWC"
            return features.permute(0, 3, 1, 2) if channels_last else features
        patches = features[:, getattr(self.network, "num_prefix_tokens", 0) :]
        return patches.transpose(1, 2).unflatten(2, self.network.patch_embed.grid_size)


def published_statistics(name: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and standard deviation (RGB, values 0..1) of the images with which timm's weights of a model were trained.

    Args:
        name: of timm; without the tag of published weights, timm's default ones are meant.

    Raises:
        UserError: timm is missing, or has no such model or tag.
    """
    known = _configuration(name)
    return tuple(known.mean), tuple(known.std)


def _configuration(name: str) -> "PretrainedCfg":  # noqa: F821 (a class of timm)
    timm = _library(name)
    try:
        timm.models.model_entrypoint(name)
        return timm.models.get_pretrained_cfg(name) or timm.models.PretrainedCfg()
    except (KeyError, RuntimeError):
        raise UserError(
            f"timm has no model {name!r}",
            where=f"backbone: timm:{name}",
            do="see timm.list_models(), or timm.list_pretrained() for the tags after the full stop",
        ) from None


def _library(name: str) -> ModuleType:
    import purereid.vision  # noqa: F401 (timm imports torchvision)

    try:
        import timm
    except ImportError:
        raise UserError(
            f"backbone timm:{name} needs the package timm",
            where=f"backbone: timm:{name}",
            do="pip install timm==1.0.31",
        ) from None
    return timm


@contextmanager
def _told(name: str, what: str) -> Iterator[None]:
    """Models of timm refuse a size by assertions, or by what torch then refuses."""
    try:
        yield
    except Exception as error:
        raise UserError(
            f"timm:{name} {what}: {str(error) or type(error).__name__}",
            where=f"backbone: timm:{name}",
            do="choose another model, or another size (height, width)",
        ) from None


def _create(name: str, height: int, width: int) -> nn.Module:
    create = _library(name).create_model
    try:
        return create(name, pretrained=False, num_classes=0, img_size=(height, width))
    except TypeError:  # convolutional networks take every size
        return create(name, pretrained=False, num_classes=0)


def _check_patches(name: str, network: nn.Module, height: int, width: int) -> None:
    """timm would cut off the pixels below and to the right of the last whole patch."""
    embedding = getattr(network, "patch_embed", None)
    if not isinstance(embedding, _library(name).layers.PatchEmbed):
        return
    sides = zip(("height", "width"), (height, width), embedding.patch_size, strict=True)
    wrong = [f"{side} {_multiples(size, patch)}" for side, size, patch in sides if size % patch]
    if wrong:
        raise UserError(
            f"timm:{name} sees patches of {' x '.join(map(str, embedding.patch_size))} pixels, "
            f"which do not fill images of {height} x {width}",
            where=f"backbone: timm:{name}",
            do=f"set {' and '.join(wrong)}",
        )


def _multiples(size: int, patch: int) -> str:
    """The next multiples below and above."""
    below = size // patch * patch
    return f"to {below} or {below + patch}" if below else f"to {patch}"


def _features(network: nn.Module, height: int, width: int) -> torch.Tensor:
    """What the network gives for one image."""
    network.eval()  # batch normalisation would learn from it
    with torch.no_grad():
        features = network(torch.zeros(1, 3, height, width))
    network.train()
    return features
