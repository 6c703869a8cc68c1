"""Score generated images (rule ``score_images``), beside two trivial generators and real images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.atomic import write_text
from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.index_images import IndexImages
from purereid.data.keypoints import Keypoints, read_keypoints, select_keypoints
from purereid.data.persons import training_persons
from purereid.data.pose_masks import pose_masks
from purereid.data.shards import decode, read_shard
from purereid.errors import UserError
from purereid.logs import log
from purereid.people.true_pictures import TruePictures
from purereid.scoring.networks_of_scores import ImageSet, Networks
from purereid.scoring.scores import ScoreTable
from purereid.scoring.yardsticks import PoseNeighbours, grey, other_images, other_persons
from purereid.training.distributed import first_device

GENERATOR, COPY, NEIGHBOURS, POSE, REAL = "generator", "copy_source", "pose_neighbours", "pose_image", "real"
SAME, OTHER, GREY = "same_person", "other_person", "grey"


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
    sees_targets: bool = False,
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
        keypoints: of the data set; None: no score that needs poses.
        scene: of rendered people, if the data set is one.
        estimator: settings of ``estimate_keypoints``; with them, PCKh is measured.
        own_encoder: whether the generator learnt from this encoder, which scores in its features then say.
        sees_targets: whether the generator takes a pose from the image that shows it, which of the test pairs is the
            target.
        threads: files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: files that cannot be read, weights of another network.
    """
    table = read_index(index)
    made = _read(train)
    made = made[made["injected"] == ""]  # those that are bad on purpose are no work of the generator
    made = made.iloc[_some(len(made), settings["images"], settings["seed"])]
    size = _size(made, train)
    networks = Networks(encoder, settings, estimator, first_device(gpus))
    rows = training_persons(table, splits)
    real = ImageSet(load_images(rows["path"].tolist(), *size, threads), networks)
    drawn = ImageSet(decode(made["bytes"], threads), networks)
    pleases, sees = (GENERATOR if does else None for does in (own_encoder, sees_targets))
    found = ScoreTable(size, networks.checksums, pleases, sees, independent=networks.independent)
    for of, images in {GENERATOR: drawn, GREY: _grey(drawn)}.items():
        found.add_sets(of, "train", images, real)
    if (made["pid"] >= 0).all():
        found.add_identities(GENERATOR, drawn, made["pid"].to_numpy(), settings["seed"])
        found.add_identities(REAL, real, rows["pid"].to_numpy(), settings["seed"])
    if test:
        pairs, files = _read(test), IndexImages(table, size, threads)
        poses = None if keypoints is None else KnownPoses(keypoints, rows, real.images, settings["neighbours"])
        people = table.set_index("image")["pid"]
        found.learnt_targets = _learnt(table, pairs["pose"], splits)
        targets = _score_targets(found, pairs, people, files, poses, networks)
        sources = ImageSet(files.of(made["source"]), networks)
        for of, images in {REAL: targets, COPY: sources}.items():
            found.add_sets(of, "train", images, real)
        candidates = {GENERATOR: drawn} | _floor(sources, people[made["source"]])
        for of, images in candidates.items():
            found.add_consistency(of, "train_source", images, sources)
        _score_others(found, sources, real, other_images(made["source"], rows, settings["seed"]))
        if scene is not None and settings["truth"]:
            some = _some(len(made), settings["truth"], settings["seed"] + 1)
            asked, known = made.iloc[some], {COPY: sources} | candidates
            shown = {of: images.rows(some).images for of, images in known.items()} | {POSE: files.of(asked["pose"])}
            shown |= {NEIGHBOURS: poses.nearest(asked["pose"])} if poses else {}
            _score_truth(found, asked, shown, scene, settings["look_alikes"])
    content = {"dataset": dataset, "generator": generator, "system": system, "scores": found.rows}
    write_text(scores, json.dumps(content, indent=1) + "\n")
    for row in found.rows:
        log.info(
            "%s of %s against %s: %.4f (%d images)",
            *(row[key] for key in ("score", "of", "against", "value", "images")),
        )


class KnownPoses:
    """Poses of a data set's images, and the trivial generator that knows nothing else.

    Args:
        path: key points of the data set.
        rows: training images of persons.
        images: uint8 [N, 3, H, W], the same images.
        count: images that the trivial generator averages.
    """

    def __init__(self, path: str | Path, rows: pd.DataFrame, images: torch.Tensor, count: int):
        self.path, self.keypoints = path, read_keypoints(path)
        self.trivial = PoseNeighbours(rows, images, self.keypoints, count)

    def joints(self, names: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Joints [B, 18, 2] in pixels of a picture of 128 x 64, and visible bool [B, 18], of images by name."""
        chosen = self._of(names)
        return chosen.scaled(*FRAME), chosen.visible

    def nearest(self, names: pd.Series) -> torch.Tensor:
        """Mean images uint8 [B, 3, H, W] of the training images in the poses nearest to those of some images."""
        return self.trivial(self._of(names))

    def _of(self, names: pd.Series) -> Keypoints:
        return select_keypoints(self.keypoints, names.tolist(), self.path)


def _score_targets(
    found: ScoreTable,
    pairs: pd.DataFrame,
    people: pd.Series,
    images: IndexImages,
    poses: KnownPoses | None,
    networks: Networks,
) -> ImageSet:
    """Score the images of the test pairs, which should show the poses; the real images that they should be."""
    source, target = (ImageSet(images.of(pairs[name]), networks) for name in ("source", "pose"))
    candidates = {GENERATOR: ImageSet(decode(pairs["bytes"], images.threads), networks), COPY: source}
    masks, wanted = None, None
    if poses:
        candidates |= {NEIGHBOURS: ImageSet(poses.nearest(pairs["pose"]), networks)}
        wanted = poses.joints(pairs["pose"])
        masks = torch.from_numpy(pose_masks(*wanted, images.size))
    floor = _floor(target, people[pairs["source"]])
    for of, candidate in (candidates | floor).items():
        found.add_pairs(of, "targets", candidate.images, target.images, masks)
        found.add_consistency(of, "source", candidate, source)
        if of != OTHER:  # as a set, the targets themselves
            found.add_sets(of, "targets", candidate, target)
    found.add_consistency(SAME, "source", target, source)
    for of, candidate in (candidates | floor | {REAL: target} if wanted else {}).items():
        found.add_pose(of, candidate, *wanted)
    return target


def _floor(images: ImageSet, pids: pd.Series) -> dict[str, ImageSet]:
    """For each real image one of another person, if there are such, and a grey one."""
    others = other_persons(pids.to_numpy())
    return ({} if others is None else {OTHER: images.rows(others)}) | {GREY: _grey(images)}


def _grey(images: ImageSet) -> ImageSet:
    """As many grey images."""
    return ImageSet(grey(images.images), images.networks).rows(np.zeros(len(images), np.int64))


def _score_others(found: ScoreTable, sources: ImageSet, real: ImageSet, others: np.ndarray) -> None:
    """Score other real images of the persons, by their rows int64 [N] in ``real``, -1 where there is none."""
    known = np.flatnonzero(others >= 0)
    if len(known):
        found.add_consistency(SAME, "train_source", real.rows(others[known]), sources.rows(known))


def _learnt(table: pd.DataFrame, targets: pd.Series, splits: list[str]) -> str:
    """What is to be said of targets that the generator may have learnt."""
    known = targets.isin(table.loc[table["split"].isin(splits), "image"]).sum()
    return f"{known} of {len(targets)} targets are training images, which the generator may know" if known else ""


def _score_truth(
    found: ScoreTable, made: pd.DataFrame, candidates: dict[str, torch.Tensor], scene: str | Path, look_alikes: int
) -> None:
    """Score candidates for generated images, uint8 [N, 3, H, W] each, whose true pictures can be rendered."""
    asked, pictures = (made["source"], made["pose"]), TruePictures(scene, tuple(candidates[GENERATOR].shape[2:]))
    truth = pictures.of(*asked)
    alike = pictures.of_look_alikes(*asked, look_alikes) if look_alikes else None
    for of, images in candidates.items():
        found.add_truth(of, images, truth, alike)


def _some(count: int, most: int, seed: int) -> np.ndarray:
    """Numbers of at most so many of ``count`` rows, drawn at random, ascending."""
    return np.sort(np.random.default_rng([seed, 4]).permutation(count)[:most])


def _read(shards: list[str | Path]) -> pd.DataFrame:
    return pd.concat([read_shard(shard) for shard in shards], ignore_index=True)


def _size(made: pd.DataFrame, shards: list[str | Path]) -> tuple[int, int]:
    if made.empty:
        raise UserError("no generated images to score", where=shards[0])
    return int(made["height"].iloc[0]), int(made["width"].iloc[0])
