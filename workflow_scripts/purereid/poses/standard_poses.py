"""A few poses that stand for all: the same ones in which each person is to be seen."""

import numpy as np
from scipy.cluster.vq import kmeans2

from purereid.data.heatmaps import FRAME
from purereid.data.keypoints import Keypoints
from purereid.data.pairs import whole_torso
from purereid.errors import UserError


def standard_poses(poses: Keypoints, number: int, seed: int) -> list[str]:
    """Images whose poses lie in the middle of groups of poses.

    The groups are those of k-means over the joints in a picture of 128 x 64; a missing joint stands where it is on
    average.

    Args:
        poses: of the images to choose among; those without both shoulders and both hips are left out.
        number: of groups.
        seed: of the draw from which the groups start.

    Returns:
        at most so many names, in the order of ``poses``: one image may be the nearest to the middle of two groups.

    Raises:
        UserError: fewer such images than groups.
    """
    whole = np.flatnonzero(whole_torso(poses.visible))
    if len(whole) < number:
        raise UserError(
            f"{len(whole)} training images have both shoulders and both hips, and {number} standard poses are wanted",
            where="extract_views.poses",
            expected=f"at most {len(whole)}",
        )
    visible = poses.visible[whole][..., None]
    joints = np.where(visible, poses.scaled(*FRAME)[whole].astype(np.float64), np.nan)
    means = np.nansum(joints, axis=0) / np.maximum(visible.sum(axis=0), 1)
    points = np.where(visible, joints, means).reshape(len(whole), -1)
    centres, _ = kmeans2(points, number, minit="++", missing="warn", seed=np.random.default_rng(seed))
    nearest = np.square(points[:, None] - centres).sum(axis=2).argmin(axis=0)
    return [poses.images[row] for row in whole[np.unique(nearest)]]
