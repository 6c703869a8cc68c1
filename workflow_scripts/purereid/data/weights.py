"""Weights that the user brings: safetensors files with a checksum."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file

from purereid.errors import UserError


def read_weights(path: str | Path, sha256: str, setting: str) -> dict[str, torch.Tensor]:
    """Read a file of weights.

    Args:
        path: safetensors file.
        sha256: checksum (hex) that the file must have.
        setting: name of the setting that names the file, for messages; that of the checksum ends in ``_sha256``.

    Raises:
        UserError: the file is missing, has another checksum, is no safetensors file or holds no tensors.
    """
    found = _checksum(path, setting)
    if found != sha256.strip().lower():
        raise UserError(
            "the weights file has another checksum than the config says",
            where=path,
            expected=f"sha256 {sha256 or '(none given)'}",
            do=f"if the file is the right one, set {setting}_sha256 to {found}",
        )
    try:
        state = load_file(path)
    except Exception as error:
        raise UserError(
            f"the weights file is not readable: {error}",
            where=path,
            expected="a safetensors file (pickled .pth files are not loaded: they can run code)",
            do="convert it once with safetensors.torch.save_file(model.state_dict(), path)",
        ) from None
    if not state:
        raise UserError("the weights file holds no tensors", where=path, do=f"correct {setting}")
    return state


def _checksum(path: str | Path, setting: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"the weights file cannot be read: {error.strerror}",
            where=path,
            do=f"correct {setting}, or leave it empty to go without these weights",
        ) from None
