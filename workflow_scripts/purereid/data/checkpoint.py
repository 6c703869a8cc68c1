"""Checkpoints without pickles: nested state as one safetensors file.

A trainer's state (weights, optimiser moments, counters, curves) is a nest of dicts and lists with tensors and JSON
values as leaves. Tensors go into the file as they are, everything else into its JSON header, with the digest of both.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import nn

from purereid.data.content_digest import BLANK, KEY, check_digest, digested_file
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
    metadata = {"purereid": json.dumps({KEY: BLANK, "structure": _split(state, "", tensors), **header})}
    with digested_file(path) as temporary:
        temporary.write_bytes(serialise(tensors, metadata))  # save_file would make it readable for its owner alone


def load(path: str | Path, part: str | None = None) -> tuple[object, dict[str, str]]:
    """Read what ``save`` wrote.

    Args:
        path: the file.
        part: key of the state, a dict, whose value alone is wanted; None: all of it.

    Returns:
        the state with its tensors on the CPU, and the header.

    Raises:
        UserError: the file is missing, damaged or was not written by ``save``.
    """
    with _opened(path) as (file, header):
        structure = header.pop("structure")
        if part is not None:
            structure = dict(structure["dict"])[part]
        return _join(structure, file.get_tensor), header


def read_header(path: str | Path) -> dict[str, str]:
    """The header that ``save`` wrote, without reading any tensor.

    Raises:
        UserError: as for ``load``.
    """
    with _opened(path) as (_, header):
        return {name: text for name, text in header.items() if name != "structure"}


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


def _join(node: dict, tensor: Callable[[str], torch.Tensor]) -> object:
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensor(content)
    if kind == "dict":
        return {key: _join(item, tensor) for key, item in content}
    if kind == "list":
        return [_join(item, tensor) for item in content]
    return content


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[safe_open, dict]]:
    try:
        check_digest(path)
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["purereid"])
            header.pop(KEY, None)
            yield file, header
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:  # the last: odd JSON
        raise UserError(
            f"weights cannot be read: {error}",
            where=path,
            expected="a safetensors file written by this workflow",
            do="delete the file, so that it is made again",
        ) from None
