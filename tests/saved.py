"""Networks written as a training would write them."""

from pathlib import Path

from torch import nn

from purereid.networks.network_file import load_network, read_about, save_networks


def save_encoder(path: Path, encoder: nn.Module) -> None:
    """An encoder of the system bot."""
    save_networks(path, {"encoder": encoder}, system="bot", stage="encoder")


def save_generator(path: Path, system: str, generator: nn.Module) -> None:
    """A generator of a system with one stage of that name."""
    save_networks(path, {"generator": generator}, system=system, stage="generator")


def save_graph_network(path: Path, role: str, network: nn.Module, about: dict) -> None:
    """A network of graphs."""
    save_networks(path, {role: network}, system="purification", stage=f"train_{role}", about=about)


def load_with_about(path: Path, role: str) -> tuple[nn.Module, dict]:
    """A network and what its file says of its training."""
    return load_network(path, role), read_about(path)
