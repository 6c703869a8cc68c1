"""Chosen persons in chosen poses (rule ``generate_one``): one picture, or a grid of persons and poses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images, read_image
from purereid.data.index import read_index
from purereid.data.keypoints import Keypoints, read_keypoints
from purereid.data.pairs import whole_torso
from purereid.errors import UserError
from purereid.poses.keypoint_rcnn import build_network, estimate, load_weights
from purereid.poses.pose_file import read_pose
from purereid.report.grid import draw_grid
from purereid.report.skeleton import draw_pose
from purereid.systems.conditions import POSES, maps_of_joints
from purereid.systems.generator_file import load_generator
from purereid.systems.registry import description
from purereid.training.distributed import first_device
from purereid.training.precision import autocast

POSE_FILES = (".txt", ".csv")
PERSON = "pid:"  # names an identity instead of an image


def generate_one(
    *,
    index: str | Path,
    keypoints: str | Path,
    generator: str | Path,
    grid: str | Path,
    pictures: str | Path,
    name: str,
    system: str,
    sources: int | Sequence[str],
    poses: int | Sequence[str],
    seed: int = 0,
    precision: str = "auto",
    estimator: dict | None = None,
    gpus: int = 0,
) -> None:
    """Draw every source in every pose.

    A source is an image of the index, an image file, or ``pid:NUMBER``, the first image of an identity. A pose is one
    of these - an image file needs an estimator of key points - or a file with one pose in pixels of a picture of
    128 x 64 (see ``poses.pose_file``). A number asks for so many images of different persons, drawn at random from the
    test images.

    Args:
        index: the data set.
        keypoints: its key points.
        generator: file of the generator.
        grid: PNG that is written: sources down the side, poses along the top.
        pictures: folder that is written: one PNG per source and pose, ``ROW-COLUMN.png``, counted from 0.
        name: of the generator.
        system: its system.
        sources, poses: names, or how many.
        seed: of the draws.
        precision: ``auto``, ``bf16`` or ``fp32``.
        estimator: settings of ``estimate_keypoints``, for poses given as image files; None: none.
        gpus: 0 for the CPU.

    Raises:
        UserError: a name that is neither image nor file, a pose without joints or outside its picture, an image file as
            pose without estimator, a generator that takes no source.
    """
    conditions = description(system)["conditions"]
    if "source" not in conditions:
        what = f"the generator {name} makes people from noise: it takes no source and no pose"
        raise UserError(what, where=generator, expected="a generator whose system takes a source and a pose")
    device = first_device(gpus)
    network = load_generator(generator, system, device)
    size = network.configuration["height"], network.configuration["width"]
    finder = Finder(read_index(index), read_keypoints(keypoints), estimator, np.random.default_rng(seed))
    persons, shown = finder.sources(sources), finder.poses(poses)
    stacked = load_images([person.path for person in persons], *size)
    joints, visible = (np.stack([getattr(pose, key) for pose in shown]) for key in ("joints", "visible"))
    maps = maps_of_joints([key for key in POSES if key in conditions], joints, visible, size)
    cells = []
    with torch.inference_mode(), autocast(precision, device):
        for image in stacked:
            seeds = torch.full((len(shown),), seed)
            drawn = network.draw({"source": image.expand(len(shown), -1, -1, -1), "seed": seeds, **maps})
            cells.append(list(drawn.cpu().permute(0, 2, 3, 1).numpy()))
    write_pictures(Path(pictures), cells)
    draw_grid(
        sources=[read_image(person.path) for person in persons],
        poses=[draw_pose(pose.joints, pose.visible, FRAME) for pose in shown],
        cells=cells,
        path=Path(grid),
        title=f"{name}: {len(persons)} persons in {len(shown)} poses",
        remark="each row is one person (left), each column one pose (top)",
        row_labels=[person.label for person in persons],
        column_labels=[pose.label for pose in shown],
    )


@dataclass(frozen=True)
class Person:
    """An image of whom to show."""

    label: str
    path: str


@dataclass(frozen=True)
class Pose:
    """Joints [18, 2] = (y, x) in pixels of a picture of 128 x 64, visible bool [18]."""

    label: str
    joints: np.ndarray
    visible: np.ndarray


class Finder:
    """Turns the names that a user gives into images and poses."""

    def __init__(self, table: pd.DataFrame, keypoints: Keypoints, estimator: dict | None, rng: np.random.Generator):
        self.table, self.estimator, self.rng = table, estimator, rng
        self.paths = dict(zip(table["image"], table["path"], strict=True))
        self.joints = dict(zip(keypoints.images, keypoints.scaled(*FRAME), strict=True))
        self.visible = dict(zip(keypoints.images, keypoints.visible, strict=True))

    def sources(self, wanted: int | Sequence[str]) -> list[Person]:
        """Images by name, or so many of different persons."""
        names = self._drawn(wanted, list(self.paths)) if isinstance(wanted, int) else wanted
        return [self._source(str(name)) for name in names]

    def poses(self, wanted: int | Sequence[str]) -> list[Pose]:
        """Poses by name, or so many of different persons."""
        whole = [image for image, visible in self.visible.items() if whole_torso(visible[None])[0]]
        names = self._drawn(wanted, whole) if isinstance(wanted, int) else wanted
        return [self._pose(str(name)) for name in names]

    def _drawn(self, count: int, images: Sequence[str]) -> list[str]:
        rows = self.table[self.table["image"].isin(images) & (self.table["pid"] > 0)]
        test = rows[rows["split"].isin(["query", "gallery"])]
        rows = rows if test.empty else test
        pids = np.unique(rows["pid"])
        if len(pids) < count:
            raise UserError(
                f"{count} different persons asked for, {len(pids)} have images with key points",
                where="generate_one",
                expected=f"at most {len(pids)}",
            )
        chosen = self.rng.permutation(pids)[:count]
        return [self.rng.choice(rows.loc[rows["pid"] == pid, "image"].to_numpy(object)) for pid in chosen]

    def _source(self, name: str) -> Person:
        image = self._of_person(name) if name.startswith(PERSON) else name
        if image in self.paths:
            return Person(self._label(image), self.paths[image])
        if not Path(image).is_file():
            raise self._unknown("source", name, "an image of the index, an image file, or pid:NUMBER")
        return Person(Path(image).name, image)

    def _pose(self, name: str) -> Pose:
        image = self._of_person(name, self.visible) if name.startswith(PERSON) else name
        if image in self.paths:
            return self._known_pose(image)
        if not Path(image).is_file():
            expected = "an image of the index, a pose file (.txt or .csv), an image file, or pid:NUMBER"
            raise self._unknown("pose", name, expected)
        if Path(image).suffix.lower() in POSE_FILES:
            return Pose(Path(image).name, *read_pose(image, *FRAME))
        return self._estimated_pose(image)

    def _known_pose(self, image: str) -> Pose:
        if not self.visible.get(image, np.zeros(1, bool)).any():
            raise UserError(
                f"{image} has no key points",
                where="generate_one",
                expected="poses of images with key points",
                do="name another image, or a pose file",
            )
        return Pose(self._label(image), self.joints[image], self.visible[image])

    def _estimated_pose(self, path: str) -> Pose:
        if self.estimator is None or not self.estimator["weights"]:
            raise UserError(
                f"the pose in the image file {path} is not known",
                where="generate_one",
                expected="estimate_keypoints.weights in the config, to find it, or a pose file instead",
            )
        picture = load_images([path], *FRAME)
        found = estimate(self._network, picture, self.estimator["least_joint"])
        if not found.visible.any():
            raise UserError("no person was found in the image", where=path, do="name another image, or a pose file")
        return Pose(Path(path).name, found.joints[0], found.visible[0])

    @cached_property
    def _network(self) -> torch.nn.Module:
        network = build_network(self.estimator["short_side"], self.estimator["least_person"])
        load_weights(network, self.estimator["weights"], self.estimator["weights_sha256"])
        return network

    def _of_person(self, name: str, among: dict | None = None) -> str:
        pid = name.removeprefix(PERSON)
        rows = self.table[self.table["pid"].astype(str) == pid]
        rows = rows if among is None else rows[[bool(among.get(i, np.zeros(1)).any()) for i in rows["image"]]]
        if rows.empty:
            raise self._unknown("identity", name, "pid:NUMBER with a pid of the index")
        return rows["image"].iloc[0]

    def _label(self, image: str) -> str:
        return f"pid {self.table.loc[self.table['image'] == image, 'pid'].iloc[0]}"

    def _unknown(self, what: str, name: str, expected: str) -> UserError:
        example = self.table["image"].iloc[0]
        return UserError(f"unknown {what} {name!r}", where="generate_one", expected=f"{expected}, such as {example}")


def write_pictures(folder: Path, cells: list[list[np.ndarray]]) -> None:
    """Write uint8 [H, W, 3] images as ROW-COLUMN.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for row, images in enumerate(cells):
        for column, image in enumerate(images):
            Image.fromarray(image).save(folder / f"{row}-{column}.png")
