"""Score generated images (rule ``score_images``), beside two trivial generators and real images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.atomic import whole_file
from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.keypoints import Keypoints, read_keypoints
from purereid.data.pose_masks import pose_masks
from purereid.data.shards import decode, read_shard
from purereid.errors import UserError
from purereid.logs import log
from purereid.systems.generate import training_persons
from purereid.systems.networks_of_scores import Networks
from purereid.systems.scores import ScoreTable
from purereid.systems.true_pictures import true_pictures
from purereid.systems.yardsticks import PoseNeighbours
from purereid.training.distributed import first_device

GENERATOR, COPY, NEIGHBOURS, REAL = "generator", "copy_source", "pose_neighbours", "real"


def score_images(
    *,
    index: str | Path,
    train: list[str | Path],
    test: list[str | Path],
    encoder: str | Path,
    scores: str | Path,
    dataset: str,
    generator: str,
    system: str,
    settings: dict,
    splits: list[str],
    keypoints: str | Path | None = None,
    scene: str | Path | None = None,
    estimator: dict | None = None,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Score what a generator made.

    Against ``targets``: the test images, each source in the pose of a real image of the same person, which is the
    target. Against ``truth``: images for training, whose true picture can be rendered. Against ``train``: images for
    training as a set, against the real training images. Images are compared in the generator's size.

    Args:
        index: the data set.
        train: shards of images for training.
        test: shards of test images; empty for a generator that takes no source.
        encoder: reID model for scores in its features.
        scores: JSON that is written: dataset, generator, system, and scores, one row each (see ``scores.ScoreTable``).
        dataset, generator, system: names.
        settings: the section ``score_images`` of the config.
        splits: of the real training images.
        keypoints: of the data set; needed with test images.
        scene: of rendered people, if the data set is one.
        estimator: the section ``estimate_keypoints``; with weights in it, PCKh is measured.
        threads: files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: files that cannot be read, weights of another network.
    """
    table = read_index(index)
    made = _read(train)
    size = _size(made, train)
    networks = Networks(encoder, settings, estimator, first_device(gpus))
    rows = training_persons(table, splits)
    real = load_images(rows["path"].tolist(), *size, threads)
    found = ScoreTable(size, networks)
    found.add_sets(GENERATOR, "train", decode(made["bytes"]), real)
    if (made["pid"] >= 0).all():
        found.add_identities(GENERATOR, decode(made["bytes"]), made["pid"].to_numpy(), settings["seed"])
        found.add_identities(REAL, real, rows["pid"].to_numpy(), settings["seed"])
    if test:
        poses = read_keypoints(keypoints)
        trivial = PoseNeighbours(rows, poses, size, settings["neighbours"], threads)
        _score_targets(found, table, _read(test), poses, trivial, threads)
        if scene is not None and settings["truth"]:
            _score_truth(found, table, made, scene, trivial, settings, threads)
    content = {"dataset": dataset, "generator": generator, "system": system, "scores": found.rows}
    with whole_file(Path(scores)) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for row in found.rows:
        log.info(
            "%s of %s against %s: %.4f (%d images)",
            *(row[key] for key in ("score", "of", "against", "value", "images")),
        )


def _score_targets(
    found: ScoreTable, table: pd.DataFrame, made: pd.DataFrame, poses: Keypoints, trivial: PoseNeighbours, threads: int
) -> None:
    source, target = (_load(table, made[name], found.size, threads) for name in ("source", "pose"))
    joints, visible = _poses_of(poses, made["pose"])
    masks = torch.from_numpy(pose_masks(joints, visible, found.size))
    candidates = {GENERATOR: decode(made["bytes"]), COPY: source, NEIGHBOURS: trivial(made["pose"].tolist())}
    for of, images in candidates.items():
        found.add_pairs(of, "targets", images, target, masks)
        found.add_sets(of, "targets", images, target)
        found.add_pose(of, images, joints, visible)
        found.add_consistency(of, images, source)
    found.add_consistency(REAL, target, source)
    found.add_pose(REAL, target, joints, visible)


def _score_truth(
    found: ScoreTable,
    table: pd.DataFrame,
    made: pd.DataFrame,
    scene: str | Path,
    trivial: PoseNeighbours,
    settings: dict,
    threads: int,
) -> None:
    chosen = np.random.default_rng([settings["seed"], 4]).permutation(len(made))[: settings["truth"]]
    made = made.iloc[np.sort(chosen)]
    truth = true_pictures(scene, made["source"], made["pose"], found.size)
    candidates = {
        GENERATOR: decode(made["bytes"]),
        COPY: _load(table, made["source"], found.size, threads),
        NEIGHBOURS: trivial(made["pose"].tolist()),
    }
    for of, images in candidates.items():
        found.add_pairs(of, "truth", images, truth, None)


def _read(shards: list[str | Path]) -> pd.DataFrame:
    return pd.concat([read_shard(shard) for shard in shards], ignore_index=True)


def _size(made: pd.DataFrame, shards: list[str | Path]) -> tuple[int, int]:
    if made.empty:
        raise UserError("no generated images to score", where=shards[0])
    return int(made["height"].iloc[0]), int(made["width"].iloc[0])


def _load(table: pd.DataFrame, images: pd.Series, size: tuple[int, int], threads: int) -> torch.Tensor:
    """Images of the index, each file read once, uint8 [N, 3, H, W]."""
    codes, unique = pd.factorize(images)
    paths = table.set_index("image")["path"].reindex(unique)
    if paths.isna().any():
        missing = unique[int(np.argmax(paths.isna().to_numpy()))]
        raise UserError(f"{missing} is not in the index", expected="images generated from this data set")
    return load_images(paths.tolist(), *size, threads)[codes]


def _poses_of(poses: Keypoints, images: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    number = {image: row for row, image in enumerate(poses.images)}
    rows = [number[image] for image in images]
    return poses.scaled(*FRAME)[rows], poses.visible[rows]
