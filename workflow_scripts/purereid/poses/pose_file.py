"""One pose that the user gives for a single image."""

from pathlib import Path

import numpy as np

from purereid.data.joints import JOINTS
from purereid.data.keypoint_formats import annotation_csv
from purereid.data.keypoint_formats.pose_files import read_numbers
from purereid.data.keypoint_formats.poses import Poses, poses_from
from purereid.errors import UserError

EXPECTED = (
    "a file of 18 lines row and column (FD-GAN; .txt or no ending), or a .csv file (name:keypoints_y:keypoints_x) of"
    " one row; -1 -1 where a joint is missing"
)


def read_pose(path: str | Path, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one pose.

    Args:
        path: text file or CSV, see ``EXPECTED``.
        height, width: of the picture that the pose is for, in pixels.

    Returns:
        joints: float32 [18, 2] = (y, x) in pixels, 0-based, in the order of ``JOINTS``; (-1, -1) where missing.
        visible: bool [18].

    Raises:
        UserError: no such file, one of another format or that does not parse, not exactly one pose, a pose without
            joints, a joint outside the picture.
    """
    poses = _read(Path(path))
    if len(poses.names) != 1:
        raise UserError(f"the pose file holds {len(poses.names)} poses", where=path, expected="one pose")
    joints, visible = poses.joints[0], poses.visible[0]
    if not visible.any():
        raise UserError("all joints of the pose are missing", where=path, expected="a pose with joints")
    _check_inside(joints, visible, height, width, path)
    return joints.astype(np.float32), visible


def _read(path: Path) -> Poses:
    if not path.is_file():
        raise UserError("the pose file does not exist", where=path, expected=EXPECTED, do="correct its path")
    kind = path.suffix.lower()
    if kind == ".csv":
        return annotation_csv.read(path)
    if kind in (".txt", ""):
        numbers = read_numbers(path)
        return poses_from([path.stem], [numbers[0::2]], [numbers[1::2]], path)
    raise UserError("a pose file of unknown format", where=path, expected=EXPECTED)


def _check_inside(joints: np.ndarray, visible: np.ndarray, height: int, width: int, path: str | Path) -> None:
    inside = ((joints >= 0) & (joints < (height, width))).all(axis=1)
    wrong = np.flatnonzero(visible & ~inside)
    if len(wrong):
        places = "; ".join(f"{JOINTS[joint]} at y {joints[joint, 0]:g}, x {joints[joint, 1]:g}" for joint in wrong)
        raise UserError(
            f"{len(wrong)} joints of the pose lie outside the picture of {height} x {width}: {places}",
            where=path,
            expected="0 <= y < height and 0 <= x < width",
            do=f"give the pose in pixels of a picture of {height} x {width}",
        )
