"""Key-point files of any format, told apart by what they are: a folder, .csv or .json."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from purereid.data.keypoint_formats import annotation_csv, coco, pose_files
from purereid.data.keypoint_formats.poses import Poses
from purereid.data.names import repeated
from purereid.errors import UserError

EXPECTED = "a .csv file (name:keypoints_y:keypoints_x), a folder of FD-GAN's pose files, or COCO key points as .json"


def read_poses(sources: Sequence[Path], least_score: float) -> Poses:
    """Read key-point files one after the other.

    Args:
        sources: files and folders, in the order in which their rows shall come.
        least_score: COCO alone, see ``coco.read``.

    Raises:
        UserError: no source, a source that is missing, of no known format or without rows, a name that comes twice.
    """
    if not sources:
        where = "keypoints of the data set in the config"
        raise UserError("no key-point file is given", where=where, expected=EXPECTED, do="name one or more there")
    parts = [_read(Path(source), least_score) for source in sources]
    poses = Poses(
        [name for part in parts for name in part.names],
        np.concatenate([part.joints for part in parts]),
        np.concatenate([part.visible for part in parts]),
    )
    _check_names(poses.names, sources)
    return poses


def _read(source: Path, least_score: float) -> Poses:
    if source.is_dir():
        poses = pose_files.read(source)
    elif not source.is_file():
        raise UserError("the key-point file does not exist", where=source, expected=EXPECTED, do="correct its path")
    elif source.suffix.lower() == ".csv":
        poses = annotation_csv.read(source)
    elif source.suffix.lower() == ".json":
        poses = coco.read(source, least_score)
    else:
        raise UserError("a key-point file of unknown format", where=source, expected=EXPECTED)
    if not poses.names:
        raise UserError("the key-point file has no rows", where=source, expected=EXPECTED)
    return poses


def _check_names(names: list[str], sources: Sequence[Path]) -> None:
    twice = repeated(names)
    if twice:
        raise UserError(
            f"{len(twice)} names come twice, such as {twice[0]}",
            where=", ".join(map(str, sources)),
            expected="one row of key points per image",
            do="remove the repeated rows",
        )
