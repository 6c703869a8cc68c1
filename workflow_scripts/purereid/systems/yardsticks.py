"""Trivial generators, which a trained one must beat: the source as it is, and the mean image of the nearest poses."""

import numpy as np
import pandas as pd
import torch

from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images
from purereid.data.keypoints import Keypoints
from purereid.quality.pose_neighbours import nearest_poses


class PoseNeighbours:
    """The mean of the training images whose poses are nearest to the wanted one; it knows nothing of the source.

    Where a training image itself shows the wanted pose, it is left out: its background would give the answer away.

    Args:
        rows: training images of persons.
        keypoints: of the data set.
        size: height and width of the images.
        count: images averaged.
        threads: files decoded at once.
    """

    def __init__(self, rows: pd.DataFrame, keypoints: Keypoints, size: tuple[int, int], count: int, threads: int = 1):
        self.number = {image: row for row, image in enumerate(keypoints.images)}
        self.joints, self.visible = keypoints.scaled(*FRAME), keypoints.visible
        rows = rows[rows["image"].map(lambda image: image in self.number and self.visible[self.number[image]].any())]
        self.known = rows["image"].map(self.number).to_numpy()
        self.images = load_images(rows["path"].tolist(), *size, threads)
        self.count = min(count, len(rows) - 1)

    def __call__(self, poses: list[str]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] for the poses of some images."""
        wanted = np.array([self.number[image] for image in poses])
        known = self.joints[self.known], self.visible[self.known]
        near = nearest_poses(self.joints[wanted], self.visible[wanted], *known, self.count + 1)
        others = self.known[near] != wanted[:, None]
        others[others.all(axis=1), -1] = False  # of those that are not among the neighbours, one too many was found
        drawn = torch.empty(len(poses), *self.images.shape[1:], dtype=torch.uint8)
        for row, (neighbours, other) in enumerate(zip(near, others, strict=True)):
            drawn[row] = self.images[torch.from_numpy(neighbours[other])].float().mean(dim=0).round().to(torch.uint8)
        return drawn
