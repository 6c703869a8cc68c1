"""Bring key points of any format to the images of an index (rule ``import_keypoints``)."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from purereid.data.formats.scan import is_image
from purereid.data.index import read_index
from purereid.data.joints import JOINTS
from purereid.data.keypoint_formats.poses import Poses
from purereid.data.keypoint_formats.registry import read_poses
from purereid.data.keypoints import Keypoints, scale_joints, write_keypoints
from purereid.data.names import repeated
from purereid.errors import UserError
from purereid.logs import log

EXAMPLES = 5


def import_keypoints(
    *,
    index: Path,
    sources: Sequence[Path],
    keypoints: Path,
    frame: Sequence[int] | None = None,
    outside: str = "stop",
    least_score: float = 0.0,
) -> None:
    """Write the key points of a data set, see ``keypoints.write_keypoints``.

    Rows come in the order of the sources, which fixes the order of pairs later. A row of key points belongs to the
    image whose id it names, or else to the one whose id ends so, from a folder or the file on, with or without the
    file's ending, or with another one of images. Several images of
    one file name share their key points where they are the same picture (Market-1501's queries and gt_bbox).
    Rows without an image and images without a row are counted in the log, with examples.

    Args:
        index: the data set.
        sources: key-point files: CSV, folder of pose files or COCO JSON.
        keypoints: Parquet file that is written.
        frame: height and width of the pictures the key points were made on; None: the images' own.
        outside: "stop" at joints outside their picture (0 <= y < height, 0 <= x < width), or "drop" these joints.
        least_score: COCO alone: a joint counts as missing unless its confidence is above this.

    Raises:
        UserError: no source, one that cannot be read, no key points of any image of the index, no joint at all, a file
            name that several different images bear, joints outside their picture.
    """
    if outside not in ("stop", "drop"):
        where = "setting import_keypoints.outside"
        raise UserError(f"outside is {outside!r}", where=where, expected="stop or drop")
    poses = read_poses(sources, least_score)
    table = read_index(index)
    images, rows = match_images(poses, table, sources)
    sizes = table.set_index("image").loc[images, ["height", "width"]].to_numpy(np.int32)
    joints, visible = poses.joints[rows], poses.visible[rows]
    frames = sizes if frame is None else np.broadcast_to(np.asarray(frame, np.int32), sizes.shape)
    visible = keep_inside(images, joints, visible, frames, drop=outside == "drop")
    if not visible.any():
        raise UserError("no image has any joint", where=_listing(sources), expected="key points of some images")
    joints = scale_joints(joints, visible, frames[:, None, :], sizes[:, None, :])
    write_keypoints(keypoints, Keypoints(images, joints, visible, sizes))
    tell(images, visible, table)


def match_images(poses: Poses, table: pd.DataFrame, sources: Sequence[Path]) -> tuple[list[str], list[int]]:
    """Find the images of the poses.

    Returns:
        images: ids of the index; rows: the row of the poses that belongs to each, ascending.

    Raises:
        UserError: no pose has an image, two poses have the same, or several different images bear a pose's name.
    """
    names = [_plain(name) for name in poses.names]
    places = _places(table, names)
    images, rows, strangers = [], [], []
    for row, (name, plain) in enumerate(zip(poses.names, names, strict=True)):
        found = _find(plain, places)
        _check_same_picture(name, found)
        images += [image for image, _ in found]
        rows += [row] * len(found)
        if not found:
            strangers.append(name)
    if not images:
        raise UserError(
            f"none of the {len(poses.names)} rows of key points belongs to an image: {_some(poses.names)}",
            where=_listing(sources),
            expected=f"file names of the index, such as {_some(table['image'])}",
            do="give the key points of this data set, or write ids of the index, or bare names of files, into them",
        )
    _check_unique(images, sources)
    if strangers:
        log.info("%d rows of key points have no image in the index: %s", len(strangers), _some(strangers))
    return images, rows


def keep_inside(
    images: Sequence[str], joints: np.ndarray, visible: np.ndarray, frames: np.ndarray, *, drop: bool
) -> np.ndarray:
    """Which joints are visible and lie in their picture, bool [N, 18].

    Args:
        images: N names.
        joints: [N, 18, 2].
        visible: bool [N, 18].
        frames: [N, 2] height and width of the pictures.
        drop: go on without the joints that lie outside.

    Raises:
        UserError: joints lie outside, unless they are to be dropped.
    """
    inside = ((joints >= 0) & (joints < frames[:, None, :])).all(axis=2)
    wrong = np.argwhere(visible & ~inside)
    if not len(wrong):
        return visible
    places = "; ".join(
        f"{JOINTS[joint]} of {images[row]} at y {joints[row, joint, 0]:g}, x {joints[row, joint, 1]:g} of "
        f"{frames[row, 0]} x {frames[row, 1]}"
        for row, joint in wrong[:EXAMPLES]
    )
    told = f"{len(wrong)} joints of {len(np.unique(wrong[:, 0]))} images lie outside their picture: {places}"
    if not drop:
        raise UserError(
            told,
            expected="0 <= y < height and 0 <= x < width",
            do="set import_keypoints.frame to height and width of the pictures the key points were made on, or"
            " import_keypoints.outside to drop to count these joints as missing",
        )
    log.info("dropped: %s", told)
    return visible & inside


def tell(images: list[str], visible: np.ndarray, table: pd.DataFrame) -> None:
    """Say in the log how much of the index has key points."""
    empty = np.count_nonzero(~visible.any(axis=1))
    log.info("%d images have key points, %d of them without any joint", len(images), empty)
    bare = table[~table["image"].isin(images)]
    for split, rows in bare.groupby("split", sort=False):
        log.info("%d images of %s have no key points: %s", len(rows), split, _some(rows["image"]))


def _places(table: pd.DataFrame, names: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """(image, digest of its pixels) of the images that are called by some of the names, in ``_ends`` of their ids."""
    spellings = [name for each in names for name in (each, _without_image_ending(each))]
    wanted, places = {end for name in spellings for end in _ends(name)}, defaultdict(list)
    for image, pixels in zip(table["image"], table["pixels"], strict=True):
        for end in _ends(_composed(image)):
            for name in {end, _without_ending(end)} & wanted:
                places[name].append((image, pixels))
    return places


def _find(name: str, places: dict[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """The images that a row of key points names.

    A name with a folder is compared by whole folders: bob/1.jpg is not anna/1.jpg. It may begin further up than ids of
    the index, as in /data/market/query/1.jpg.
    """
    if name in places:
        return places[name]
    for end in _ends(name)[1:]:
        if "/" in end:
            whole = [each for each in places.get(end, []) if end in (each[0], _without_ending(each[0]))]
            if whole:
                return whole
    bare = _without_image_ending(name)  # the image may have been saved in another format since
    return _find(bare, places) if bare != name else []


def _ends(name: str) -> list[str]:
    """A path and what is left of it without its first folder, its first two, and so on."""
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _without_image_ending(name: str) -> str:
    return _without_ending(name) if is_image(PurePosixPath(name).name) else name


def _without_ending(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _composed(name: str) -> str:
    """A name whose letters with signs are written in one way; macOS writes them in another than others do."""
    return unicodedata.normalize("NFC", name)


def _plain(name: str) -> str:
    """A name with / between folders, without what does not matter: ./, // and how letters with signs are written."""
    return _composed(str(PurePosixPath(name.replace("\\", "/")))).removeprefix("../")


def _check_same_picture(name: str, found: list[tuple[str, str]]) -> None:
    if len({pixels for _, pixels in found}) > 1:
        raise UserError(
            f"the key points of {name} may belong to {len(found)} different images: {_some(i for i, _ in found)}",
            expected="one image of that name, or copies of one",
            do="write the image's id in the index into the key-point file instead of its file name",
        )


def _check_unique(images: list[str], sources: Sequence[Path]) -> None:
    twice = repeated(images)
    if twice:
        raise UserError(
            f"{len(twice)} images have two rows of key points: {_some(twice)}",
            where=_listing(sources),
            expected="one row per image",
        )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:EXAMPLES]) + (", ..." if len(names) > EXAMPLES else "")


def _listing(sources: Sequence[Path]) -> str:
    return ", ".join(map(str, sources))
