"""GCNs as files: weights with the configuration that rebuilds the network, and what it was trained on."""

import json
from pathlib import Path

from purereid.errors import UserError
from purereid.graph.gcn import GCN
from purereid.training import checkpoint


def save_gcn(path: str | Path, network: GCN, training: dict) -> None:
    """Write a network.

    Args:
        path: safetensors file, written atomically.
        network: its attribute ``configuration`` holds the arguments it was built with.
        training: JSON values that say how it was trained: k1, k2, u, identities (pids), held_out_identities.
    """
    about = {"configuration": json.dumps(network.configuration), "training": json.dumps(training)}
    checkpoint.save(path, network.state_dict(), kind="gcn", **about)


def load_gcn(path: str | Path) -> tuple[GCN, dict]:
    """Rebuild a network from its file.

    Returns:
        the network on the CPU, in evaluation mode, and what ``save_gcn`` was told of its training.

    Raises:
        UserError: the file is missing, damaged, holds something else, or weights that do not fit its configuration.
    """
    state, header = checkpoint.load(path)
    if header.get("kind") != "gcn":
        raise UserError(
            "the file holds no GCN",
            where=path,
            expected="gcn.safetensors of the rule train_gcn",
            do="name a GCN, or delete the file so that it is made again",
        )
    network = GCN(**json.loads(header["configuration"]))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UserError(
            "the weights are of another network than the file's configuration",
            where=f"{path}: {str(error).splitlines()[1].strip()}",
            do="delete the file, so that it is made again",
        ) from None
    return network.eval(), json.loads(header["training"])
