"""PCKh: the share of joints that a generated image shows where they were asked for, in the form of PATN.

Zhu et al., Progressive Pose Attention Transfer for Person Image Generation, CVPR 2019, and its published code, which
measures width and height apart instead of a distance.
"""

from dataclasses import dataclass

import numpy as np

from purereid.data.joints import NUMBER
from purereid.errors import UserError

HEAD = [NUMBER[name] for name in ("nose", "neck", "right_eye", "left_eye", "right_ear", "left_ear")]
TOLERANCE = 0.5  # in widths and heights of the head


@dataclass(frozen=True)
class Pckh:
    """``value`` = ``right`` / ``joints``; ``images`` were counted, ``skipped`` have no head to measure by."""

    value: float
    right: int
    joints: int
    images: int
    skipped: int


def pckh(found: np.ndarray, found_visible: np.ndarray, target: np.ndarray, target_visible: np.ndarray) -> Pckh:
    """Count the joints at their places.

    A joint is right where it lies less than half the head's width and less than half its height from its place, in x
    and in y. The head is the box round nose, neck, eyes and ears of the target; a head of width or height 0 makes all
    joints of its image wrong, and an image with fewer than two of these joints is left out.

    Args:
        found: [N, 18, 2] = (y, x), joints that a pose estimator found in the generated images, in the target's pixels.
        found_visible: bool [N, 18]; a joint that was not found is wrong.
        target, target_visible: the poses that were asked for; only their visible joints count.

    Raises:
        UserError: no image shows a head.
    """
    sizes, measured = _heads(np.asarray(target, np.float64), target_visible)
    counted = target_visible & measured[:, None]
    offsets = np.abs(np.asarray(found, np.float64) - target)
    right = counted & found_visible & (offsets < TOLERANCE * sizes[:, None]).all(axis=-1)
    if not measured.any():
        raise UserError("no target pose shows two joints of the head", expected="poses that PCKh can be measured by")
    joints, images = int(np.count_nonzero(counted)), int(np.count_nonzero(measured))
    hits = int(np.count_nonzero(right))
    return Pckh(hits / joints, hits, joints, images, len(measured) - images)


def _heads(joints: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height and width [N, 2] of the heads, and which images show one; the size is 0 elsewhere."""
    places, seen = joints[:, HEAD], visible[:, HEAD]
    measured = seen.sum(axis=1) >= 2
    top = np.where(seen[..., None], places, -np.inf).max(axis=1)
    bottom = np.where(seen[..., None], places, np.inf).min(axis=1)
    return np.where(measured[:, None], top - bottom, 0), measured
