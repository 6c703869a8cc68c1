"""Which poses are most alike: for the trivial generator that shows the mean of the images in the nearest poses."""

import numpy as np

FAR = 32.0  # pixels; the distance of a joint that only one of two poses shows
BLOCK = 64  # poses compared with all others at a time


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
    blocks = [slice(start, start + BLOCK) for start in range(0, len(joints), BLOCK)]
    return np.concatenate(
        [np.empty((0, count), np.int64)]
        + [_nearest(joints[block], visible[block], known, known_visible, count) for block in blocks]
    )


def _nearest(
    joints: np.ndarray, visible: np.ndarray, known: np.ndarray, known_visible: np.ndarray, count: int
) -> np.ndarray:
    offsets = np.asarray(joints, np.float32)[:, None] - np.asarray(known, np.float32)[None]
    distances = np.minimum(np.sqrt(np.square(offsets).sum(axis=3)), FAR)
    both, either = visible[:, None] & known_visible[None], visible[:, None] | known_visible[None]
    total = np.where(both, distances, np.where(either, FAR, 0)).sum(axis=2)
    return np.argsort(total / either.sum(axis=2).clip(min=1), axis=1, kind="stable")[:, :count]
