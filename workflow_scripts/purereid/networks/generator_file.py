"""Generators as files: weights with the configuration that rebuilds the network."""

import json
from pathlib import Path

import torch
from torch import nn

from purereid.errors import UserError
from purereid.networks.registry import network_class, system_names
from purereid.training import checkpoint

AGAIN = "name a generator, or delete the file so that it is made again"


def save_generator(path: str | Path, system: str, network: nn.Module) -> None:
    """Write a generator.

    Args:
        path: safetensors file, written atomically.
        system: name of its system.
        network: the system's ``Generator``; its attribute ``configuration`` holds the arguments it was built with.
    """
    about = {"kind": "generator", "system": system, "configuration": json.dumps(network.configuration)}
    checkpoint.save(path, network.state_dict(), **about)


def load_generator(path: str | Path, system: str, device: torch.device) -> nn.Module:
    """Rebuild a generator from its file, in evaluation mode.

    Raises:
        UserError: the file is missing, damaged, holds something else, a generator of another system, or weights that
            do not fit its configuration.
    """
    state, header = checkpoint.load(path)
    expected = "generator.safetensors of the rule train_gan"
    if header.get("kind") != "generator" or header.get("system") not in system_names():
        raise UserError("the file holds no generator", where=path, expected=expected, do=AGAIN)
    if header["system"] != system:
        found = f"the file holds a generator of the system {header['system']}"
        raise UserError(found, where=path, expected=f"one of {system}", do=AGAIN)
    network = network_class(system)(**json.loads(header["configuration"]))
    checkpoint.fill(network, state, path)
    return network.to(device, memory_format=torch.channels_last).eval()
