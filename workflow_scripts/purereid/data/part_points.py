"""The points along the body parts from which body-part maps are made.

The rule of the published tool (lulujianjie/efficient-person-generation-for-reid): a part is a walk over joints; points
lie every second pixel on the straight lines between the joints that are there, so that a missing joint is bridged.
"""

from typing import NamedTuple

import numpy as np


class Part(NamedTuple):
    """A body part: its walk over joints, its width in pixels at 128 rows, and whether it narrows towards its end."""

    walk: tuple[int, ...]
    sigma: float
    narrows: bool


# The tool calls the limbs after the side of the picture: its "l_up_limb" is the person's right arm.
PARTS = {
    "head": Part((0, 16, 14, 15, 17, 0), 5, False),
    "torso": Part((2, 1, 5, 11, 8, 2), 4, False),
    "right_arm": Part((2, 3, 4), 3, True),
    "left_arm": Part((5, 6, 7), 3, True),
    "right_leg": Part((8, 9, 10), 4, True),
    "left_leg": Part((11, 12, 13), 4, True),
}
STEP = 2  # pixels from point to point


class Points(NamedTuple):
    """Points of one part in N images, padded to the longest list.

    Attributes:
        places: float64 [N, K, 2] = (y, x); whole numbers where they lie on a line.
        counted: bool [N, K], False in the padding and for missing joints.
        number: int64 [N] length of each list, missing joints included; 1 or more.
    """

    places: np.ndarray
    counted: np.ndarray
    number: np.ndarray


def part_points(part: Part, joints: np.ndarray, visible: np.ndarray) -> Points:
    """List the points of a part, in the order of its walk.

    Points lie at distances 0, 2, 4, ... < floor(length) from the first joint of a line, rounded half to even; the end
    of a line is not a point. Lines of length below 1 have none. Where the whole part has none, its points are the
    joints of its walk, repeated as in the walk, and the missing ones count in ``number``.

    Args:
        part: one of ``PARTS``.
        joints: [N, 18, 2] = (y, x) in pixels of 128 x 64.
        visible: bool [N, 18].
    """
    walk = list(part.walk)
    corners, there = joints[:, walk].astype(np.float64), visible[:, walk]
    starts = np.take_along_axis(corners, _last_before(there)[..., None], axis=1)
    ends = corners[:, 1:]
    lengths = np.hypot(*np.moveaxis(ends - starts, 2, 0))
    linked = there[:, 1:] & (np.cumsum(there, axis=1)[:, :-1] > 0)
    counts = np.where(linked, np.ceil(np.floor(lengths) / STEP), 0).astype(np.int64)
    places = _on_lines(starts, ends, lengths, counts)
    return _padded(places, counts.sum(axis=1), corners, there)


def _last_before(there: np.ndarray) -> np.ndarray:
    """[N, L - 1] for each place of a walk but the first, the last place before it whose joint is there (or 0)."""
    places = np.where(there, np.arange(there.shape[1]), 0)
    return np.maximum.accumulate(places, axis=1)[:, :-1]


def _on_lines(starts: np.ndarray, ends: np.ndarray, lengths: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Points of all lines of all images, [sum of counts, 2], in the order of images, then of lines."""
    counts = counts.reshape(-1)
    before = np.cumsum(counts) - counts
    distance = STEP * (np.arange(counts.sum()) - np.repeat(before, counts))
    lengths = np.maximum(lengths, 1).reshape(-1, 1)  # shorter lines have no points
    unit = (ends - starts).reshape(-1, 2) / lengths
    return np.round(
        np.repeat(starts.reshape(-1, 2), counts, axis=0) + distance[:, None] * np.repeat(unit, counts, axis=0)
    )


def _padded(places: np.ndarray, number: np.ndarray, corners: np.ndarray, there: np.ndarray) -> Points:
    """One row per image; images without points get the joints of the walk."""
    bare = number == 0
    number = np.where(bare, corners.shape[1], number)
    inside = np.arange(number.max(initial=corners.shape[1])) < number[:, None]
    padded, counted = np.zeros((*inside.shape, 2)), inside.copy()
    padded[inside & ~bare[:, None]] = places
    padded[bare, : corners.shape[1]] = corners[bare]
    counted[bare, : corners.shape[1]] = there[bare]
    return Points(padded, counted, number)
