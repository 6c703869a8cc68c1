"""What the reader of a key-point format hands back."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from purereid.data.joints import JOINTS
from purereid.errors import UserError

MISSING = -1


class Poses(NamedTuple):
    """Key points of N pictures, in the order of their file.

    Attributes:
        names: of the pictures, as the file gives them.
        joints: float64 [N, 18, 2] = (y, x) in pixels, 0-based, in the order of ``JOINTS``; (-1, -1) where missing.
        visible: bool [N, 18].
    """

    names: list[str]
    joints: np.ndarray
    visible: np.ndarray


def refuse_number(joints: int, where: object, line: str = "") -> None:
    """Raise a UserError where a pose has not 18 joints.

    Args:
        joints: their number.
        where: the file.
        line: begins the message, such as "line 7: ".
    """
    if joints != len(JOINTS):
        raise UserError(
            f"{line}{joints} joints" + {17: ", COCO's", 25: ", those of OpenPose's BODY_25"}.get(joints, ""),
            where=where,
            expected=f"18 joints, OpenPose's: {', '.join(JOINTS)}",
            do="give them as COCO JSON (.json), from which the 18 are made"
            if joints == 17
            else "write these 18 joints, or give COCO's 17 as JSON",
        )


def poses_from(names: Sequence[str], y: Sequence, x: Sequence, where: Path) -> Poses:
    """Put lists of coordinates together; a joint is missing where both its coordinates are -1.

    Args:
        names: N names.
        y, x: [N][18] numbers.
        where: the file or folder, for messages.

    Raises:
        UserError: a coordinate is not finite, or missing in one of the two lists alone.
    """
    shape = (len(names), len(JOINTS))
    joints = np.stack([np.array(y, np.float64).reshape(shape), np.array(x, np.float64).reshape(shape)], axis=2)
    _refuse(~np.isfinite(joints).all(axis=2), names, joints, where, "is not a finite number", "finite numbers")
    missing = joints == MISSING
    one_sided = missing[..., 0] != missing[..., 1]
    _refuse(one_sided, names, joints, where, "is missing in one list", "-1 in both y and x where a joint is missing")
    return Poses(list(names), joints, ~missing.all(axis=2))


def _refuse(wrong: np.ndarray, names: Sequence[str], joints: np.ndarray, where: Path, what: str, expected: str) -> None:
    if wrong.any():
        row, joint = np.argwhere(wrong)[0]
        y, x = joints[row, joint]
        raise UserError(
            f"joint {joint} ({JOINTS[joint]}) of {names[row]} {what}: y {y:g}, x {x:g}"
            f" ({np.count_nonzero(wrong.any(axis=1))} images are so)",
            where=where,
            expected=expected,
        )
