"""What stands beside a generator: trivial ones, which it must beat, and the floor and the ceiling of a score.

Trivial generators show the source as it is, or the mean image of the nearest poses. An image of somebody else and a
grey image show nobody who was asked for: what they reach is the floor. Another real image of the person is the ceiling.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from purereid.data.heatmaps import FRAME
from purereid.data.keypoints import Keypoints
from purereid.errors import UserError
from purereid.quality.pose_neighbours import nearest_poses

MIDDLE = 128  # of the levels 0..255


def grey(images: torch.Tensor) -> torch.Tensor:
    """One image [1, C, H, W] of one colour, of the size and type of the given ones."""
    return torch.full_like(images[:1], MIDDLE)


def other_persons(pids: np.ndarray) -> np.ndarray | None:
    """For each image, int64 [N], the number of one of another person, each image used once.

    Args:
        pids: [N] who is shown; without images of more than N / 2 of one person.

    Returns:
        int64 [N]; None where one person has too many of the images.
    """
    order, most = np.argsort(pids, kind="stable"), np.unique(pids, return_counts=True)[1].max()
    if 2 * most > len(pids):
        return None
    others = np.empty_like(order)
    others[order] = np.roll(order, -most)
    return others


def other_images(images: Sequence[str], rows: pd.DataFrame, seed: int) -> np.ndarray:
    """For each image the row of another one of the same person, drawn at random.

    Args:
        images: N of ``rows``.
        rows: image, and pid, who it shows.
        seed: of the draws.

    Returns:
        int64 [N]; -1 where there is no other image of the person.
    """
    rng, number = np.random.default_rng([seed, 6]), {image: row for row, image in enumerate(rows["image"])}
    pids, of_person = rows["pid"].to_numpy(), rows.groupby("pid").indices
    own = np.array([number[image] for image in images], np.int64)
    others = [np.setdiff1d(of_person[pids[row]], row) for row in own]
    return np.array([rng.choice(rest) if len(rest) else -1 for rest in others], np.int64)


class PoseNeighbours:
    """The mean of the training images whose poses are nearest to the wanted one; it knows nothing of the source.

    Where a training image itself shows the wanted pose, it is left out: its background would give the answer away.

    Args:
        rows: training images of persons.
        images: uint8 [N, 3, H, W], the same images.
        keypoints: of the data set.
        count: images averaged; fewer where fewer training images show a pose.

    Raises:
        UserError: fewer than two training images show a pose.
    """

    def __init__(self, rows: pd.DataFrame, images: torch.Tensor, keypoints: Keypoints, count: int):
        number = {image: row for row, image in enumerate(keypoints.images)}
        posed = [image in number and keypoints.visible[number[image]].any() for image in rows["image"]]
        self.names = rows.loc[posed, "image"].to_numpy(object)
        if len(self.names) < 2:
            raise UserError(
                f"{len(self.names)} of {len(rows)} training images have key points",
                where="key points",
                expected="at least two, of which the one in the nearest pose is shown beside the generated images",
            )
        known = [number[image] for image in self.names]
        self.joints, self.visible = keypoints.scaled(*FRAME)[known], keypoints.visible[known]
        self.images = images[torch.tensor(posed)]
        self.count = min(count, len(self.names) - 1)

    def __call__(self, poses: Keypoints) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] for B poses, those of the same image drawn once."""
        names, first, codes = np.unique(np.array(poses.images, object), return_index=True, return_inverse=True)
        joints, visible = poses.scaled(*FRAME)[first], poses.visible[first]
        near = nearest_poses(joints, visible, self.joints, self.visible, self.count + 1)
        others = self.names[near] != names[:, None]
        others[others.all(axis=1), -1] = False  # of those that are not among the neighbours, one too many was found
        drawn = torch.empty(len(names), *self.images.shape[1:], dtype=torch.uint8)
        for row, (neighbours, other) in enumerate(zip(near, others, strict=True)):
            drawn[row] = self.images[torch.from_numpy(neighbours[other])].float().mean(dim=0).round().to(torch.uint8)
        return drawn[codes]
