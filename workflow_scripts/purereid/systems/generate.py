"""Generate images (rule ``generate``): one shard of the images for training, or of those for scores."""

from pathlib import Path

import pandas as pd
import torch
from torch import nn

from purereid.data.index import read_index
from purereid.data.keypoints import read_keypoints
from purereid.data.pairs import read_pairs, whole_torso
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.logs import log
from purereid.systems.conditions import Conditions
from purereid.systems.generator_file import load_generator
from purereid.systems.plan import image_seeds, plan_images, plan_pairs, read_pose_list, training_persons
from purereid.systems.registry import description
from purereid.training.distributed import first_device
from purereid.training.precision import autocast

FORMATS = {"png": "png", "jpeg": "jpg"}


def generate(
    *,
    index: str | Path,
    generator: str | Path,
    images: str | Path,
    name: str,
    system: str,
    purpose: str,
    shard: int,
    shards: int,
    settings: dict,
    keypoints: str | Path | None = None,
    pairs: str | Path | None = None,
    pose_list: str | Path | None = None,
    threads: int = 1,
    gpus: int = 0,
    **maps: str | Path,
) -> None:
    """Write a contiguous range of the planned images, see ``data.shards`` for the file.

    An image depends on its own row of the plan, not on the shard that it is in.

    Args:
        index: the data set.
        generator: file of the generator.
        images: Parquet file that is written.
        name: of the generator in the config.
        system: its system.
        purpose: ``train`` (see ``plan.plan_images``) or ``test`` (sources and targets of ``pairs``).
        shard, shards: number of this shard, from 0, and of all.
        settings: the section ``generate`` of the config.
        keypoints: key points of the data set, for generators that take poses.
        pairs: file of pairs, for ``test``.
        pose_list: file with the images whose poses are taken, for ``train``; None: all with shoulders and hips.
        threads: image files read or written at once.
        gpus: 0 for the CPU.
        maps: files of heat maps, by condition.

    Raises:
        UserError: a generator of another system or other weights, images or poses that are missing, unusable settings.
    """
    _check_shard(purpose, shard, shards, settings[purpose]["shards"])
    device = first_device(gpus)
    network = load_generator(generator, system, device)
    table = read_index(index)
    chosen = settings[purpose]
    plan = (
        plan_pairs(read_pairs(pairs), table)
        if purpose == "test"
        else _training_plan(table, system, chosen, keypoints, pose_list)
    )
    kind = settings["format"] if purpose == "train" else "png"
    start, stop = (len(plan) * number // shards for number in (shard, shard + 1))
    own = plan.iloc[start:stop].assign(
        image=image_names(name, purpose, FORMATS[kind], start, stop),
        seed=image_seeds(chosen["seed"], purpose, start, stop),
    )
    size = network.configuration["height"], network.configuration["width"]
    drawing = Drawing(network, system, table, maps, settings["precision"], threads)
    files: list[bytes] = []
    for first in range(0, len(own), settings["batch"]):
        drawn = drawing(own.iloc[first : first + settings["batch"]])
        files += encode(drawn, kind, settings["quality"], threads)
        log.info("%d of %d images", len(files), len(own))
    write_shard(images, own.assign(height=size[0], width=size[1]), files)


def image_names(generator: str, purpose: str, suffix: str, start: int, stop: int) -> list[str]:
    """Names in an index of a range of the planned images."""
    return [f"generated/{generator}/{purpose}/{number:07d}.{suffix}" for number in range(start, stop)]


class Drawing:
    """Draws the images of a plan.

    Args:
        network: the generator.
        system: its system, which says what it takes.
        table: the index.
        maps: files of heat maps of its images, by name.
        precision: ``auto``, ``bf16`` or ``fp32``.
        threads: image files read at once.
    """

    def __init__(
        self,
        network: nn.Module,
        system: str,
        table: pd.DataFrame,
        maps: dict[str, str | Path],
        precision: str,
        threads: int,
    ):
        self.network, self.precision = network, precision
        size = network.configuration["height"], network.configuration["width"]
        self.conditions = Conditions(description(system)["conditions"], table, maps, size, threads)
        self.device = next(network.parameters()).device

    def __call__(self, rows: pd.DataFrame) -> torch.Tensor:
        """Images uint8 [B, 3, H, W], on the CPU, of rows with source, pose and seed."""
        conditions = self.conditions.of(rows)
        with torch.inference_mode(), autocast(self.precision, self.device):
            return self.network.draw(conditions).cpu()


def _check_shard(purpose: str, shard: int, shards: int, wanted: int) -> None:
    """A shard may be asked for by any name."""
    if shards != wanted or shard >= shards:
        raise UserError(
            f"there is no shard {shard} of {shards}",
            where=f"generate.{purpose}.shards",
            expected=f"0-of-{wanted} to {wanted - 1}-of-{wanted}",
        )


def _training_plan(
    table: pd.DataFrame, system: str, chosen: dict, keypoints: str | Path | None, pose_list: str | Path | None
) -> pd.DataFrame:
    rows = training_persons(table, chosen["splits"])
    poses = [] if keypoints is None else _poses(rows, keypoints, pose_list)
    names = ("setup", "images_per_identity", "real_identities", "seed")
    return plan_images(rows, poses, conditions=description(system)["conditions"], **{key: chosen[key] for key in names})


def _poses(rows: pd.DataFrame, keypoints: str | Path, pose_list: str | Path | None) -> list[str]:
    """Training images whose poses may be asked for: those on a list, or all with both shoulders and hips."""
    poses = read_keypoints(keypoints)
    whole = {image for image, found in zip(poses.images, whole_torso(poses.visible), strict=True) if found}
    known = [image for image in rows["image"] if image in whole]
    return read_pose_list(pose_list, known) if pose_list else known
