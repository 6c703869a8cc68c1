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
from purereid.systems.networks_of_scores import ImageSet, Networks
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
    own_encoder: bool = False,
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Score what a generator made.

    Against ``targets``: the test images, each source in the pose of a real image of the same person, which is the
    target. Against ``source``: whether images show the person of their source. Against ``truth``: images for training,
    whose true picture can be rendered. Against ``train``: images for training as a set, against the real training
    images. Images are compared in the generator's size.

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
        estimator: settings of ``estimate_keypoints``; with them, PCKh is measured.
        own_encoder: whether the generator learnt from this encoder, which scores in its features then say.
        threads: files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: files that cannot be read, weights of another network.
    """
    table = read_index(index)
    made = _some(_read(train), settings["images"], settings["seed"])
    size = _size(made, train)
    networks = Networks(encoder, settings, estimator, first_device(gpus))
    rows = training_persons(table, splits)
    real = ImageSet(load_images(rows["path"].tolist(), *size, threads), networks)
    drawn = ImageSet(decode(made["bytes"], threads), networks)
    found = ScoreTable(size, networks.checksums, GENERATOR if own_encoder else None)
    found.add_sets(GENERATOR, "train", drawn, real)
    if (made["pid"] >= 0).all():
        found.add_identities(GENERATOR, drawn, made["pid"].to_numpy(), settings["seed"])
        found.add_identities(REAL, real, rows["pid"].to_numpy(), settings["seed"])
    if test:
        pairs = _read(test)
        asked = Asked(table, read_keypoints(keypoints), size, threads)
        trivial = PoseNeighbours(rows, real.images, asked.poses, settings["neighbours"])
        targets = _score_targets(found, pairs, asked, trivial, networks)
        found.add_sets(REAL, "train", targets, real)
        sources = ImageSet(asked.images(made["source"]), networks)
        found.add_consistency(GENERATOR, "train_source", drawn, sources)
        if scene is not None and settings["truth"]:
            _score_truth(found, _some(made, settings["truth"], settings["seed"] + 1), scene, asked, trivial)
    content = {"dataset": dataset, "generator": generator, "system": system, "scores": found.rows}
    with whole_file(Path(scores)) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for row in found.rows:
        log.info(
            "%s of %s against %s: %.4f (%d images)",
            *(row[key] for key in ("score", "of", "against", "value", "images")),
        )


class Asked:
    """What generated images were asked to show: images of the index, each file read once, and poses.

    Args:
        table: the index.
        poses: key points of the data set.
        size: height and width of the generated images.
        threads: files decoded at once.
    """

    def __init__(self, table: pd.DataFrame, poses: Keypoints, size: tuple[int, int], threads: int):
        self.paths, self.poses, self.size, self.threads = table.set_index("image")["path"], poses, size, threads
        self.number = {image: row for row, image in enumerate(poses.images)}

    def images(self, names: pd.Series) -> torch.Tensor:
        """Images uint8 [N, 3, H, W] of the index."""
        codes, unique = pd.factorize(names)
        paths = self.paths.reindex(unique)
        if paths.isna().any():
            missing = unique[int(np.argmax(paths.isna().to_numpy()))]
            raise UserError(f"{missing} is not in the index", expected="images generated from this data set")
        return load_images(paths.tolist(), *self.size, self.threads)[codes]

    def joints(self, names: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Joints [N, 18, 2] in pixels of a picture of 128 x 64, and which are visible."""
        rows = [self.number[image] for image in names]
        return self.poses.scaled(*FRAME)[rows], self.poses.visible[rows]


def _score_targets(
    found: ScoreTable, pairs: pd.DataFrame, asked: Asked, trivial: PoseNeighbours, networks: Networks
) -> ImageSet:
    """Score the images of the test pairs; the real images that they should be."""
    source, target = (ImageSet(asked.images(pairs[name]), networks) for name in ("source", "pose"))
    joints, visible = asked.joints(pairs["pose"])
    masks = torch.from_numpy(pose_masks(joints, visible, asked.size))
    generated, mean = decode(pairs["bytes"], asked.threads), trivial(pairs["pose"].tolist())
    candidates = {GENERATOR: ImageSet(generated, networks), COPY: source, NEIGHBOURS: ImageSet(mean, networks)}
    for of, images in candidates.items():
        found.add_pairs(of, "targets", images.images, target.images, masks)
        found.add_sets(of, "targets", images, target)
        found.add_pose(of, images, joints, visible)
        found.add_consistency(of, "source", images, source)
    found.add_consistency(REAL, "source", target, source)
    found.add_pose(REAL, target, joints, visible)
    return target


def _score_truth(
    found: ScoreTable, made: pd.DataFrame, scene: str | Path, asked: Asked, trivial: PoseNeighbours
) -> None:
    truth = true_pictures(scene, made["source"], made["pose"], asked.size)
    generated, copied = decode(made["bytes"], asked.threads), asked.images(made["source"])
    for of, images in {GENERATOR: generated, COPY: copied, NEIGHBOURS: trivial(made["pose"].tolist())}.items():
        found.add_pairs(of, "truth", images, truth, None)


def _some(made: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """At most so many rows, drawn at random, in their order."""
    return made.iloc[np.sort(np.random.default_rng([seed, 4]).permutation(len(made))[:most])]


def _read(shards: list[str | Path]) -> pd.DataFrame:
    return pd.concat([read_shard(shard) for shard in shards], ignore_index=True)


def _size(made: pd.DataFrame, shards: list[str | Path]) -> tuple[int, int]:
    if made.empty:
        raise UserError("no generated images to score", where=shards[0])
    return int(made["height"].iloc[0]), int(made["width"].iloc[0])
