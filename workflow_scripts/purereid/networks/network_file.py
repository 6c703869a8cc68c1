"""Networks by role as one file: weights, with the configuration that rebuilds each network."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from purereid.data import checkpoint
from purereid.errors import UserError
from purereid.networks.registry import network_class

AGAIN = "delete the file, so that it is made again"


def save_networks(
    path: str | Path, networks: Mapping[str, nn.Module], *, system: str, stage: str, about: dict | None = None
) -> None:
    """Write networks.

    Args:
        path: safetensors file, written atomically.
        networks: by role, as in ``ROLES`` of the system; their attribute ``configuration`` (JSON values) holds the
            arguments that they were built with.
        system, stage: what trained them.
        about: JSON values that say more of the training.
    """
    state = {role: network.state_dict() for role, network in networks.items()}
    texts = {"roles": check_savable(networks), "about": json.dumps(about or {})}
    checkpoint.save(path, state, kind="networks", system=system, stage=stage, **texts)


def check_savable(networks: Mapping[str, nn.Module]) -> str:
    """The configurations of networks by role, as JSON.

    Raises:
        AttributeError, TypeError: a network has none, or one of other values; a mistake of whoever writes the system.
    """
    return json.dumps({role: network.configuration for role, network in networks.items()})


def load_network(path: str | Path, role: str, device: torch.device | None = None, **changed: object) -> nn.Module:
    """Rebuild the network of a role, in evaluation mode.

    Args:
        path: file of ``save_networks``; only the tensors of this role are read.
        role: such as ``encoder`` or ``generator``, see ``contracts``.
        device: where it is to be, in channels-last memory; None: on the CPU as it is.
        changed: values of its configuration that take the place of those in the file; its weights must still fit.

    Raises:
        UserError: the file is missing, damaged, holds something else or no network of this role, is of a system that
            is not there, or its weights do not fit its configuration.
    """
    header = checkpoint.read_header(path)
    configuration = _configuration(_roles(header, path), role, path)
    made = network_class(header["system"], role)
    if made is None:
        found = f"the file is of the system {header['system']}, which has no {role} here"
        expected = "the folder of this system in purereid/systems, and this role in ROLES of its networks.py"
        raise UserError(found, where=path, expected=expected)
    try:
        network = made(**configuration | changed)
    except TypeError as error:
        what = f"the configuration in the file is none of this {role}: {error}"
        raise UserError(what, where=path, do=AGAIN) from None
    checkpoint.fill(network, checkpoint.load(path, part=role)[0], path)
    return (network if device is None else network.to(device, memory_format=torch.channels_last)).eval()


def roles_of(path: str | Path) -> list[str]:
    """Roles of the networks in a file.

    Raises:
        UserError: the file is missing, damaged or holds something else.
    """
    return list(_roles(checkpoint.read_header(path), path))


def read_configuration(path: str | Path, role: str) -> dict:
    """What the network of a role is rebuilt from.

    Raises:
        UserError: the file is missing, damaged, holds something else or no network of this role.
    """
    return _configuration(_roles(checkpoint.read_header(path), path), role, path)


def read_about(path: str | Path) -> dict:
    """What ``save_networks`` was told of the training.

    Raises:
        UserError: the file is missing, damaged or holds something else.
    """
    header = checkpoint.read_header(path)
    _roles(header, path)
    return _read(header, "about", path)


def _roles(header: dict[str, str], path: str | Path) -> dict[str, dict]:
    if header.get("kind") != "networks" or "system" not in header:
        raise UserError("the file holds no networks", where=path, expected="networks of a training")
    return _read(header, "roles", path)


def _read(header: dict[str, str], name: str, path: str | Path) -> dict:
    try:
        return dict(json.loads(header[name]))
    except (KeyError, ValueError, TypeError) as error:
        raise UserError(f"{name} in the file's header cannot be read: {error}", where=path, do=AGAIN) from None


def _configuration(roles: dict[str, dict], role: str, path: str | Path) -> dict:
    if role not in roles:
        found = f"the file holds no {role}"
        raise UserError(found, where=path, expected=f"a role that it holds: {', '.join(roles)}")
    return roles[role]
