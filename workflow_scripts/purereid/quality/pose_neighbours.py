"""Which poses are most alike: for the trivial generator that shows the mean of the images in the nearest poses."""

import numpy as np

FAR = 32.0  # pixels; the distance of a joint that only one of two poses shows
ELSEWHERE = 1e4  # pixels; the place of missing joints
BLOCK = 256  # poses compared with all others at a time


def nearest_poses(
    joints: np.ndarray, visible: np.ndarray, known: np.ndarray, known_visible: np.ndarray, count: int
) -> np.ndarray:
    """Rows of the known poses that are nearest to each pose.

    The distance of two poses is the mean over the joints that either shows: of the distance in pixels, at most 32, or
    32 where only one shows the joint.

    Args:
        joints: [N, 18, 2] = (y, x) in pixels of one frame.
        visible: bool [N, 18].
        known, known_visible: [M, 18, 2] and bool [M, 18], M at least ``count``.
        count: neighbours of each.

    Returns:
        int64 [N, count], nearest first; equal distances by row.
    """
    places, known_places = _places(joints, visible), _places(known, known_visible)
    found = np.empty((len(joints), count), np.int64)
    for start in range(0, len(joints), BLOCK):
        block = slice(start, start + BLOCK)
        total = sum(_capped(a, b) for a, b in zip(places[:, block], known_places, strict=True))
        neither = (~visible[block]).astype(np.float32) @ (~known_visible).astype(np.float32).T
        found[block] = _smallest(total / (joints.shape[1] - neither).clip(min=1), count)
    return found


def _places(joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Joints float32 [18, N, 2]; missing ones lie far from all others, and in the same place as each other."""
    return np.where(visible[..., None], joints, ELSEWHERE).astype(np.float32).swapaxes(0, 1)


def _capped(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distances float32 [N, M], at most 32, of a joint in poses [N, 2] and [M, 2]."""
    dy, dx = (first[:, None, axis] - second[None, :, axis] for axis in (0, 1))
    return np.minimum(np.sqrt(dy * dy + dx * dx), FAR)


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Columns of the smallest values of each row, int64 [N, count], smallest first, equal ones by column."""
    bounds = np.partition(values, count - 1, axis=1)[:, count - 1]
    columns = [np.flatnonzero(row <= bound) for row, bound in zip(values, bounds, strict=True)]
    order = [near[np.argsort(row[near], kind="stable")] for row, near in zip(values, columns, strict=True)]
    return np.array([near[:count] for near in order], np.int64).reshape(-1, count)
