"""What the training of an encoder took: updates, images seen, parameters, time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.networks.network_file import read_about

KINDS = ("real", "generated", "paired")  # of images


def training_cost(networks: Sequence[Path], curves: Sequence[Path], seeds: int) -> dict[str, float]:
    """The cost of all stages that an encoder comes from; what others trained for it (a teacher, a generator) apart.

    Args:
        networks: files of these stages, of all seeds, that of the encoder last.
        curves: curves.csv of each.
        seeds: how many there are.

    Returns:
        of one seed, in the mean: updates; real_seen, generated_seen and paired_seen (of which only the textures are
        learnt), images that passed in these, each as often as it came; seconds, as the curves tell, without start and
        checkpoints. parameters: the most that one stage trains; parameters_at_test: those of the encoder.

    Raises:
        UserError: networks that were trained by another version.
    """
    costs = [_cost_of(*files) for files in zip(networks, curves, strict=True)]
    sums = {
        name: sum(cost[name] for cost in costs) / seeds for name in ("updates", *(f"{kind}_seen" for kind in KINDS))
    }
    return sums | {
        "parameters": max(sum(cost["parameters"].values()) for cost in costs),
        "parameters_at_test": costs[-1]["parameters"]["encoder"],
        "seconds": sum(cost["seconds"] for cost in costs) / seeds,
    }


def _cost_of(networks: Path, curves: Path) -> dict:
    about = read_about(networks)
    if "updates" not in about:
        do = "delete the file, so that it is made again"
        raise UserError("the file does not say how its networks were trained", where=networks, do=do)
    images = sum(about[f"{kind}_per_update"] for kind in KINDS)
    table = pd.read_csv(curves)
    steps = np.diff(table["step"].to_numpy(), prepend=0)
    return {
        "updates": about["updates"],
        **{f"{kind}_seen": about["updates"] * about[f"{kind}_per_update"] for kind in KINDS},
        "parameters": about["parameters"],
        "seconds": float((steps * images / table["images_per_second"]).sum()),
    }
