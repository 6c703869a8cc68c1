"""Networks written as a training would write them."""

from pathlib import Path

import pandas as pd
from torch import nn

from purereid.networks.network_file import load_network, read_about, save_networks
from purereid.systems.bot.networks import Encoder


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


def save_stage(folder: Path, updates: int, real: int, generated: int, parameters: dict[str, int]) -> tuple[Path, Path]:
    """Networks that say what their training took, and its curves, half of the steps twice as fast as the others."""
    folder.mkdir(parents=True)
    about = {"updates": updates, "real_per_update": real, "generated_per_update": generated}
    about |= {"paired_per_update": 0, "parameters": parameters}
    shape = {"backbone": "resnet_small", "last_stride": 1, "height": 32, "width": 16}
    save_networks(folder / "n", {"encoder": Encoder(pids=[1], **shape)}, system="bot", stage="encoder", about=about)
    steps = {"step": [updates // 2, updates], "images_per_second": [100.0, 50.0]}
    pd.DataFrame(steps).to_csv(folder / "c", index=False)
    return folder / "n", folder / "c"
