"""Backbones that start from published weights."""

from collections import Counter
from collections.abc import Collection, Iterable

import torch
from torch import nn

from purereid.data.weights import read_weights
from purereid.errors import UserError
from purereid.logs import log
from purereid.networks.timm_backbone import TimmBackbone
from purereid.networks.weights_compared import difference


def start_backbone(backbone: nn.Module, settings: dict) -> None:
    """Weights of a backbone from a file, where one is named; the log says what it starts from.

    Args:
        backbone: as made by ``build_backbone``.
        settings: backbone, weights, weights_sha256 and epochs of a stage.

    Raises:
        UserError: as for ``load_pretrained``.
    """
    if settings["weights"]:
        load_pretrained(backbone, settings["weights"], settings["weights_sha256"])
    elif settings["epochs"]:
        log.warning("NO PRETRAINED WEIGHTS: the backbone starts from random numbers (train_reid.weights is empty)")
    if isinstance(backbone, TimmBackbone):
        log.info("models of timm keep their own strides: train_reid.last_stride is not used")


def load_pretrained(backbone: nn.Module, path: str, sha256: str, section: str = "train_reid") -> None:
    """Fill a backbone with weights from a local file, for instance of ImageNet.

    Weights of timm's transformers may be of another input size or patch size: their position tables and patch filters
    are resampled, see ``TimmBackbone.converted``. Weights of half precision are widened.

    Args:
        backbone: as made by ``build_backbone``.
        path: safetensors file with the state of the torchvision or timm model of the same name; the classifier's
            tensors may be in it and are not used.
        sha256: checksum (hex) that the file must have.
        section: of the config in which ``backbone`` and ``weights`` are named, for messages.

    Raises:
        UserError: the file is missing, has another checksum, is no safetensors file, or is of another network; or the
            names of its tensors have a prefix.
    """
    state = read_weights(path, sha256, f"{section}.weights")
    found = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    network = backbone.network if isinstance(backbone, TimmBackbone) else backbone
    fitted = _converted(backbone, found)
    if difference(network.state_dict(), fitted):
        raise _misfit(backbone, network.state_dict(), found, path, section)
    network.load_state_dict(fitted, strict=False)
    resampled = sum(name in found and found[name].shape != tensor.shape for name, tensor in fitted.items())
    log.info("backbone starts from %s%s", path, f", {resampled} tensors resampled to its size" if resampled else "")


def _converted(backbone: nn.Module, found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    if not isinstance(backbone, TimmBackbone):
        return found
    try:
        return backbone.converted(found)
    except Exception:  # timm takes it for granted that they are of this model; the comparison says in what they are not
        return found


def _misfit(
    backbone: nn.Module, known: dict[str, torch.Tensor], found: dict[str, torch.Tensor], path: str, section: str
) -> UserError:
    prefix = _prefix(known, found)
    inner = {name.removeprefix(prefix): tensor for name, tensor in found.items() if name.startswith(prefix)}
    where = f"{path}, tensors called {prefix}*" if prefix else path
    misfit = difference(known, _converted(backbone, inner))
    if misfit:
        expected = f"weights of the network named in {section}.backbone"
        return UserError(f"the weights are of {misfit}", where=where, expected=expected)
    return UserError(
        f"the weights fit the backbone, but their names have the prefix {prefix!r}",
        where=where,
        expected="names as in torchvision or timm",
        do=f"{_how_to_strip(prefix, path)}, then set {section}.weights and {section}.weights_sha256 to NEW_FILE",
    )


def _how_to_strip(prefix: str, path: str) -> str:
    names = f"{{name.removeprefix({prefix!r}): tensor for name, tensor in load_file({str(path)!r}).items()"
    return f"with safetensors.torch: save_file({names} if name.startswith({prefix!r})}}, NEW_FILE)"


def _prefix(known: Collection[str], found: Iterable[str]) -> str:
    """The text that stands before most of the known names, empty if there is none."""
    prefixes = Counter(name.removesuffix(own) for name in found for own in known if name.endswith(own))
    return next((prefix for prefix, count in prefixes.items() if count > len(known) / 2), "")
