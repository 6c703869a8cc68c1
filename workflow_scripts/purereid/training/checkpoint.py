"""Checkpoints without pickles: nested state as one safetensors file.

A trainer's state (weights, optimiser moments, counters, curves) is a nest of dicts and lists with tensors and JSON
values as leaves. Tensors go into the file as they are, everything else into its JSON header.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import nn

from purereid.data.atomic import whole_file
from purereid.errors import UserError


def save(path: str | Path, state: object, **header: str) -> None:
    """Write a nested state atomically.

    Args:
        path: the file; it is either whole or not there.
        state: nested dicts and lists of tensors and JSON values; dict keys are texts or whole numbers.
        header: further texts for the file's header, for instance a configuration.
    """
    tensors: dict[str, torch.Tensor] = {}
    # one entry only: safetensors writes several in random order, and equal states shall give equal bytes
    metadata = {"purereid": json.dumps({"structure": _split(state, "", tensors), **header})}
    with whole_file(Path(path)) as temporary:
        temporary.write_bytes(serialise(tensors, metadata))  # save_file would make it readable for its owner alone


def load(path: str | Path) -> tuple[object, dict[str, str]]:
    """Read what ``save`` wrote.

    Returns:
        the state with its tensors on the CPU, and the header.

    Raises:
        UserError: the file is missing, damaged or was not written by ``save``.
    """
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["purereid"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        return _join(header.pop("structure"), tensors), header
    except (OSError, SafetensorError, KeyError) as error:
        raise UserError(
            f"weights cannot be read: {error}",
            where=path,
            expected="a safetensors file written by this workflow",
            do="delete the file, so that it is made again",
        ) from None


def fill(network: nn.Module, state: dict[str, torch.Tensor], path: str | Path) -> None:
    """Give a network the weights of its file.

    Args:
        network: as the file's configuration builds it.
        state: its weights, as ``load`` returns them.
        path: the file, for the message.

    Raises:
        UserError: names or shapes of the weights are not those of the network.
    """
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(
            "the weights are of another network than the file's configuration",
            where=f"{path}: {str(error).splitlines()[1].strip()}",
            do="delete the file, so that it is made again",
        ) from None


def _split(value: object, name: str, tensors: dict[str, torch.Tensor]) -> object:
    if isinstance(value, torch.Tensor):
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[key, _split(item, f"{name}/{key}", tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {"list": [_split(item, f"{name}/{row}", tensors) for row, item in enumerate(value)]}
    return {"value": value}


def _join(node: dict, tensors: dict[str, torch.Tensor]) -> object:
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _join(item, tensors) for key, item in content}
    if kind == "list":
        return [_join(item, tensors) for item in content]
    return content
