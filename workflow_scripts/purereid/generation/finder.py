"""Names of persons and poses, as a user writes them, turned into images and joints."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from purereid.data.formats.scan import is_image
from purereid.data.heatmaps import FRAME
from purereid.data.image_folders import with_folders
from purereid.data.images import load_images
from purereid.data.index import SPLITS
from purereid.data.joints import JOINTS
from purereid.data.keypoints import Keypoints
from purereid.data.pairs import whole_torso
from purereid.data.persons import persons
from purereid.errors import UserError
from purereid.logs import log
from purereid.poses.keypoint_rcnn import estimate, load_keypoint_rcnn
from purereid.poses.pose_file import read_pose

POSE_FILES = (".txt", ".csv")
PERSON = "pid:"  # names an identity instead of an image


@dataclass(frozen=True)
class Pose:
    """Joints [18, 2] = (y, x) in pixels of a picture of 128 x 64, visible bool [18], and an image that shows them."""

    label: str
    joints: np.ndarray
    visible: np.ndarray
    path: str | None = None

    def picture(self) -> str:
        """Path of the image that shows the pose."""
        if self.path is None:
            expected = "an image instead of a pose file, for this generator"
            raise UserError(f"there is no image of the pose {self.label}", where="generate_one", expected=expected)
        return self.path


@dataclass(frozen=True)
class Person:
    """An image of whom to show, as the user named it, and its own pose where it is known."""

    label: str
    name: str
    path: str
    own: Pose | None = None

    def picture(self) -> str:
        """Path of the image."""
        return self.path

    def pose(self) -> Pose:
        """The pose in which the image shows the person."""
        if self.own is None:
            expected = "a source with key points, for this generator"
            raise UserError(f"the source {self.label} has no key points", where="generate_one", expected=expected)
        return self.own


class Finder:
    """Turns the names that a user gives into images and poses.

    Args:
        table: the index.
        keypoints: of its images; None: none are known.
        estimator: settings of ``estimate_keypoints``; None: none.
        rng: of the draws.
        needs_joints: whether the generator takes joints; otherwise any image shows a pose.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        keypoints: Keypoints | None,
        estimator: dict | None,
        rng: np.random.Generator,
        needs_joints: bool = True,
    ):
        self.table, self.estimator, self.rng, self.needs_joints = table, estimator, rng, needs_joints
        self.paths = dict(zip(table["image"], table["path"], strict=True))
        known = [] if keypoints is None else keypoints.images
        self.joints = dict(zip(known, keypoints.scaled(*FRAME) if len(known) else [], strict=True))
        self.visible = dict(zip(known, keypoints.visible if len(known) else [], strict=True))

    def sources(self, wanted: int | Sequence[str]) -> list[Person]:
        """Images by name, or so many of different persons."""
        names = self._drawn(wanted, "images", list(self.paths)) if isinstance(wanted, int) else with_folders(wanted)
        return [self._source(str(name)) for name in names]

    def poses(self, wanted: int | Sequence[str]) -> list[Pose]:
        """Poses by name, or so many of different persons."""
        whole = [image for image, visible in self.visible.items() if whole_torso(visible[None])[0]]
        names = (
            self._drawn(wanted, "poses", whole if self.needs_joints else list(self.paths))
            if isinstance(wanted, int)
            else with_folders(wanted)
        )
        return [self._pose(str(name)) for name in names]

    def _drawn(self, count: int, what: str, images: Sequence[str]) -> list[str]:
        test = persons(self.table, ["query", "gallery"])
        rows = persons(self.table, SPLITS) if test.empty else test
        rows = rows[rows["image"].isin(images)]
        pids = np.unique(rows["pid"])
        if not len(pids):
            raise UserError(
                f"there are no {what} of any person", where="generate_one", expected="some, or names of them"
            )
        if len(pids) < count:
            log.warning("%s of %d different persons asked for, taking those of all %d", what, count, len(pids))
        chosen = self.rng.permutation(pids)[:count]
        return [self.rng.choice(rows.loc[rows["pid"] == pid, "image"].to_numpy(object)) for pid in chosen]

    def _source(self, name: str) -> Person:
        image = self._of_person(name) if name.startswith(PERSON) else name
        if image in self.paths:
            own = self._known_pose(image) if self._has_pose(image) else None
            return Person(self._label(image), image, self.paths[image], own)
        if not Path(image).is_file():
            raise UserError(
                f"unknown source {name!r}",
                where="generate_one",
                expected=f"an image of the index, such as {self._example}, an image file, a folder of them, or "
                "pid:NUMBER",
            )
        return Person(Path(image).name, image, image)

    def _pose(self, name: str) -> Pose:
        image = self._of_person(name, posed=self.needs_joints) if name.startswith(PERSON) else name
        if image in self.paths:
            return (
                self._known_pose(image) if self.needs_joints else _unknown_pose(self._label(image), self.paths[image])
            )
        if not Path(image).is_file():
            raise UserError(
                f"unknown pose {name!r}",
                where="generate_one",
                expected=f"an image of the index, such as {self._example}, a pose file (.txt or .csv), an image file, "
                "a folder of them, or pid:NUMBER",
            )
        if Path(image).suffix.lower() in POSE_FILES or (self.needs_joints and not is_image(Path(image).name)):
            return Pose(Path(image).name, *read_pose(image, *FRAME))
        return self._estimated_pose(image) if self.needs_joints else _unknown_pose(Path(image).name, image)

    def _known_pose(self, image: str) -> Pose:
        if not self._has_pose(image):
            raise UserError(
                f"{image} has no key points",
                where="generate_one",
                expected="poses of images with key points",
                do="name another image, or a pose file",
            )
        return Pose(self._label(image), self.joints[image], self.visible[image], self.paths[image])

    def _has_pose(self, image: str) -> bool:
        return image in self.visible and bool(self.visible[image].any())

    def _estimated_pose(self, path: str) -> Pose:
        if self.estimator is None:
            raise UserError(
                f"the pose in the image file {path} is not known",
                where="generate_one",
                expected="estimate_keypoints.weights in the config, to find it, or a pose file instead",
            )
        picture = load_images([path], *FRAME)
        found = estimate(self._network, picture, self.estimator["least_joint"])
        if not found.visible.any():
            raise UserError("no person was found in the image", where=path, do="name another image, or a pose file")
        return Pose(Path(path).name, found.joints[0], found.visible[0], path)

    @cached_property
    def _network(self) -> torch.nn.Module:
        names = ("weights", "weights_sha256", "short_side", "least_person")
        return load_keypoint_rcnn(*(self.estimator[name] for name in names))

    def _of_person(self, name: str, posed: bool = False) -> str:
        pid = name.removeprefix(PERSON)
        rows = persons(self.table, SPLITS)
        rows = rows[rows["pid"].astype(str) == pid]
        rows = rows[rows["image"].map(self._has_pose)] if posed else rows
        if rows.empty:
            known = persons(self.table, SPLITS)["pid"]
            raise UserError(
                f"unknown identity {name!r}",
                where="generate_one",
                expected=f"a person of the index{' with key points' if posed else ''}, such as pid:{known.iloc[0]}",
            )
        return rows["image"].iloc[0]

    def _label(self, image: str) -> str:
        return f"pid {self.table.loc[self.table['image'] == image, 'pid'].iloc[0]}"

    @property
    def _example(self) -> str:
        return self.table["image"].iloc[0]


def _unknown_pose(label: str, path: str) -> Pose:
    """The pose of an image for a generator that looks at the image itself."""
    return Pose(label, np.zeros((len(JOINTS), 2), np.float32), np.zeros(len(JOINTS), bool), path)
