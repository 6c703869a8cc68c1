"""Generate images (rule ``generate``): one shard of the images for training, or of those for scores."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.index import read_index
from purereid.data.keypoints import read_keypoints
from purereid.data.pairs import read_pairs, whole_torso
from purereid.data.persons import training_persons
from purereid.data.shard_rows import range_of_shard
from purereid.data.shard_writer import encode, write_shard
from purereid.errors import UserError
from purereid.generation.conditions import Conditions, guide_files
from purereid.generation.injection import KINDS, plan_injection
from purereid.generation.plan import image_seeds, is_guided, plan_images, plan_pairs, read_pose_list
from purereid.generation.spoil import SPOILED, spoil
from purereid.logs import log
from purereid.networks.draw import draw
from purereid.networks.network_file import load_network
from purereid.training.distributed import first_device

FORMATS = {"png": "png", "jpeg": "jpg"}
NO_INJECTION = {"share": 0.0, "kinds": KINDS}  # images that are scored are as the generator makes them


def generate(
    *,
    index: str | Path,
    generator: str | Path,
    images: str | Path,
    name: str,
    conditions: Sequence[str],
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

    An image depends on its own row of the plan, not on the shard that it is in. Images for training may be bad on
    purpose (see ``injection``); what was asked for stands beside them all the same.

    Args:
        index: the data set.
        generator: file of the generator.
        images: Parquet file that is written.
        name: of the generator in the config.
        conditions: what an image is made from, see ``conditions``.
        purpose: ``train`` (see ``plan.plan_images``) or ``test`` (sources and targets of ``pairs``).
        shard, shards: number of this shard, from 0, and of all.
        settings: the section ``generate`` of the config.
        keypoints: key points of the data set; None, for generators that need none: every image shows a pose.
        pairs: file of pairs, for ``test``.
        pose_list: file with the images whose poses are taken, for ``train``; None: all with shoulders and hips.
        threads: image files read or written at once.
        gpus: 0 for the CPU.
        maps: files of heat maps, by condition.

    Raises:
        UserError: a generator of another system or other weights, images or poses that are missing, unusable settings.
    """
    _check_shard(purpose, shard, shards, settings[purpose]["shards"])
    network = load_network(generator, "generator", first_device(gpus), **settings.get("network", {}))
    table = read_index(index)
    chosen = settings[purpose]
    plan = (
        plan_pairs(read_pairs(pairs), table)
        if purpose == "test"
        else _training_plan(table, conditions, chosen, keypoints, pose_list)
    )
    injected, kind = (chosen["injected"], settings["format"]) if purpose == "train" else (NO_INJECTION, "png")
    plan = plan_injection(plan, **injected, seed=chosen["seed"])
    start, stop = range_of_shard(len(plan), shard, shards)
    own = plan.iloc[start:stop].assign(
        image=image_names(name, purpose, FORMATS[kind], start, stop),
        seed=image_seeds(chosen["seed"], purpose, start, stop),
    )
    size = network.configuration["height"], network.configuration["width"]
    asked = Conditions(conditions, table, guide_files(conditions, keypoints, maps), size, threads)
    files: list[bytes] = []
    for first in range(0, len(own), settings["batch"]):
        rows = own.iloc[first : first + settings["batch"]]
        shown = rows.assign(source=rows["shown_source"], pose=rows["shown_pose"])
        drawn = draw(network, asked.of(shown), settings["precision"])
        _spoil(drawn, rows)
        files += encode(drawn, kind, settings["quality"], threads)
        log.info("%d of %d images", len(files), len(own))
    write_shard(images, own.assign(height=size[0], width=size[1]), files)


def image_names(generator: str, purpose: str, suffix: str, start: int, stop: int) -> list[str]:
    """Names in an index of a range of the planned images."""
    return [f"generated/{generator}/{purpose}/{number:07d}.{suffix}" for number in range(start, stop)]


def _spoil(images: torch.Tensor, rows: pd.DataFrame) -> None:
    """Spoil those of the images uint8 [B, 3, H, W] in place whose row says so, with draws from their own seeds."""
    for image, kind, seed in zip(images.numpy(), rows["injected"], rows["seed"], strict=True):
        if kind in SPOILED:
            image[:] = spoil(image, kind, np.random.default_rng(seed))


def _check_shard(purpose: str, shard: int, shards: int, wanted: int) -> None:
    """A shard may be asked for by any name."""
    if shards != wanted or shard >= shards:
        raise UserError(
            f"there is no shard {shard} of {shards}",
            where=f"generate.{purpose}.shards",
            expected=f"0-of-{wanted} to {wanted - 1}-of-{wanted}",
        )


def _training_plan(
    table: pd.DataFrame,
    conditions: Sequence[str],
    chosen: dict,
    keypoints: str | Path | None,
    pose_list: str | Path | None,
) -> pd.DataFrame:
    rows = training_persons(table, chosen["splits"])
    poses = _poses(rows, keypoints, pose_list) if is_guided(conditions) else []
    names = ("setup", "images_per_identity", "real_identities", "seed")
    return plan_images(rows, poses, conditions=conditions, **{key: chosen[key] for key in names})


def _poses(rows: pd.DataFrame, keypoints: str | Path | None, pose_list: str | Path | None) -> list[str]:
    """Training images whose poses may be asked for: those on a list, or all; with key points, of shoulders and hips."""
    known = rows["image"].tolist()
    if keypoints is not None:
        poses = read_keypoints(keypoints)
        whole = {image for image, found in zip(poses.images, whole_torso(poses.visible), strict=True) if found}
        known = [image for image in known if image in whole]
    return read_pose_list(pose_list, known) if pose_list else known
