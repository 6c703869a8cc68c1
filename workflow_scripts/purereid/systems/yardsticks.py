"""Trivial generators, which a trained one must beat: the source as it is, and the mean image of the nearest poses."""

import numpy as np
import pandas as pd
import torch

from purereid.data.heatmaps import FRAME
from purereid.data.keypoints import Keypoints
from purereid.quality.pose_neighbours import nearest_poses


class PoseNeighbours:
    """The mean of the training images whose poses are nearest to the wanted one; it knows nothing of the source.

    Where a training image itself shows the wanted pose, it is left out: its background would give the answer away.

    Args:
        rows: training images of persons.
        images: uint8 [N, 3, H, W], the same images.
        keypoints: of the data set.
        count: images averaged.
    """

    def __init__(self, rows: pd.DataFrame, images: torch.Tensor, keypoints: Keypoints, count: int):
        self.number = {image: row for row, image in enumerate(keypoints.images)}
        self.joints, self.visible = keypoints.scaled(*FRAME), keypoints.visible
        posed = [image in self.number and self.visible[self.number[image]].any() for image in rows["image"]]
        self.known = rows.loc[posed, "image"].map(self.number).to_numpy()
        self.images = images[torch.tensor(posed)]
        self.count = min(count, len(self.known) - 1)

    def __call__(self, poses: list[str]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] for the poses of some images."""
        codes, unique = pd.factorize(pd.Series(poses, dtype=object))
        return self._draw(np.array([self.number[image] for image in unique], np.int64))[codes]

    def _draw(self, wanted: np.ndarray) -> torch.Tensor:
        known = self.joints[self.known], self.visible[self.known]
        near = nearest_poses(self.joints[wanted], self.visible[wanted], *known, self.count + 1)
        others = self.known[near] != wanted[:, None]
        others[others.all(axis=1), -1] = False  # of those that are not among the neighbours, one too many was found
        drawn = torch.empty(len(wanted), *self.images.shape[1:], dtype=torch.uint8)
        for row, (neighbours, other) in enumerate(zip(near, others, strict=True)):
            drawn[row] = self.images[torch.from_numpy(neighbours[other])].float().mean(dim=0).round().to(torch.uint8)
        return drawn
