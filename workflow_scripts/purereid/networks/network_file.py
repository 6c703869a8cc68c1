"""Networks of graphs as files: weights with the configuration that rebuilds them, and what they were trained on."""

import json
from pathlib import Path
from typing import TypeVar

from purereid.errors import UserError
from purereid.purification.gcn import GCN
from purereid.purification.gcn_e import GCNE
from purereid.purification.gcn_v import GCNV
from purereid.training import checkpoint

Network = TypeVar("Network", GCN, GCNV, GCNE)


def save_network(path: str | Path, network: Network, training: dict) -> None:
    """Write a network.

    Args:
        path: safetensors file, written atomically.
        network: its attribute ``configuration`` holds the arguments it was built with, ``kind`` tells what it is.
        training: JSON values that say how it was trained: sizes of the neighbourhoods, identities (pids),
            held_out_identities, encoder (SHA-256).
    """
    about = {"configuration": json.dumps(network.configuration), "training": json.dumps(training)}
    checkpoint.save(path, network.state_dict(), kind=network.kind, **about)


def load_network(path: str | Path, wanted: type[Network]) -> tuple[Network, dict]:
    """Rebuild a network from its file.

    Args:
        path: file of ``save_network``.
        wanted: class of the network.

    Returns:
        the network on the CPU, in evaluation mode, and what ``save_network`` was told of its training.

    Raises:
        UserError: the file is missing, damaged, holds something else, or weights that do not fit its configuration.
    """
    state, header = checkpoint.load(path)
    if header.get("kind") != wanted.kind:
        raise UserError(
            f"the file holds no network of the kind {wanted.kind}",
            where=path,
            expected=f"{wanted.kind}.safetensors of the rule train_{wanted.kind}",
            do="name such a file, or delete this one so that it is made again",
        )
    network = wanted(**json.loads(header["configuration"]))
    checkpoint.fill(network, state, path)
    return network.eval(), json.loads(header["training"])
