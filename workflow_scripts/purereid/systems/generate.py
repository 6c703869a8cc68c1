"""Generate images (rule ``generate``): one shard of the images for training, or of those for scores."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.keypoints import read_keypoints
from purereid.data.pairs import read_pairs, whole_torso
from purereid.data.shards import encode, write_shard
from purereid.errors import UserError
from purereid.logs import log
from purereid.systems.conditions import PoseMaps
from purereid.systems.generator_file import load_generator
from purereid.systems.plan import plan_images, plan_pairs, read_pose_list
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
        threads: image files read or written at once.
        gpus: 0 for the CPU.
        maps: files of heat maps, by condition.

    Raises:
        UserError: a generator of another system or other weights, images or poses that are missing, unusable settings.
    """
    device = first_device(gpus)
    network = load_generator(generator, system, device)
    table = read_index(index)
    plan = make_plan(table, system, purpose, settings, keypoints, pairs)
    plan.insert(0, "image", image_names(name, purpose, FORMATS[settings["format"]], len(plan)))
    own = plan.iloc[len(plan) * shard // shards : len(plan) * (shard + 1) // shards]
    size = network.configuration["height"], network.configuration["width"]
    drawing = Drawing(network, system, table, PoseMaps(maps, size), settings["precision"], threads)
    files: list[bytes] = []
    for start in range(0, len(own), settings["batch"]):
        drawn = drawing(own.iloc[start : start + settings["batch"]])
        files += encode(drawn, settings["format"], settings["quality"], threads)
        log.info("%d of %d images", len(files), len(own))
    write_shard(images, own.assign(height=size[0], width=size[1]), files)


def make_plan(
    table: pd.DataFrame,
    system: str,
    purpose: str,
    settings: dict,
    keypoints: str | Path | None,
    pairs: str | Path | None,
) -> pd.DataFrame:
    """All images that are to be generated, not only those of a shard: columns source, pose, pid, seed."""
    chosen = settings[purpose]
    if purpose == "test":
        plan = plan_pairs(read_pairs(pairs), chosen["seed"])
        return plan.assign(pid=plan["source"].map(table.set_index("image")["pid"]).fillna(-1).astype(np.int64))
    rows = training_persons(table, chosen["splits"])
    poses = [] if keypoints is None else _poses(rows, keypoints, chosen["pose_list"])
    names = ("setup", "images_per_identity", "real_identities", "seed")
    return plan_images(rows, poses, conditions=description(system)["conditions"], **{key: chosen[key] for key in names})


def training_persons(table: pd.DataFrame, splits: list[str]) -> pd.DataFrame:
    """Rows of an index that show persons of some splits."""
    rows = table[table["split"].isin(splits) & (table["pid"] >= 0)]
    if rows.empty:
        raise UserError("no training images of persons", where="generate.train.splits", expected="images in a split")
    return rows


def image_names(generator: str, purpose: str, suffix: str, count: int) -> list[str]:
    """Names of generated images in an index."""
    return [f"generated/{generator}/{purpose}/{number:07d}.{suffix}" for number in range(count)]


class Drawing:
    """Draws the images of a plan.

    Args:
        network: the generator.
        system: its system.
        table: the index.
        maps: heat maps of its images.
        precision: ``auto``, ``bf16`` or ``fp32``.
        threads: image files read at once.
    """

    def __init__(
        self, network: nn.Module, system: str, table: pd.DataFrame, maps: PoseMaps, precision: str, threads: int
    ):
        self.network, self.maps, self.threads, self.precision = network, maps, threads, precision
        self.needs_source = "source" in description(system)["conditions"]
        self.paths = dict(zip(table["image"], table["path"], strict=True))
        self.device = next(network.parameters()).device

    def __call__(self, rows: pd.DataFrame) -> torch.Tensor:
        """Images uint8 [B, 3, H, W], on the CPU, of rows with source, pose and seed."""
        conditions = {"seed": torch.tensor(rows["seed"].to_numpy()), **self.maps.of(rows["pose"].tolist())}
        if self.needs_source:
            conditions["source"] = self._sources(rows["source"])
        with torch.inference_mode(), autocast(self.precision, self.device):
            return self.network.draw(conditions).cpu()

    def _sources(self, names: pd.Series) -> torch.Tensor:
        """Each file is read once, however many images of a batch show its person."""
        codes, unique = pd.factorize(names)
        strangers = [name for name in unique if name not in self.paths]
        if strangers:
            raise UserError(f"{strangers[0]} is not in the index", expected="sources of this data set")
        loaded = load_images([self.paths[name] for name in unique], *self.maps.size, self.threads)
        return loaded[codes]


def _poses(rows: pd.DataFrame, keypoints: str | Path, pose_list: str) -> list[str]:
    """Training images whose poses may be asked for: those on a list, or all with both shoulders and hips."""
    poses = read_keypoints(keypoints)
    whole = {image for image, found in zip(poses.images, whole_torso(poses.visible), strict=True) if found}
    known = [image for image in rows["image"] if image in whole]
    return read_pose_list(pose_list, known) if pose_list else known
