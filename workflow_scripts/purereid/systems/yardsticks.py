"""Trivial generators, which a trained one must beat: the source as it is, and the mean image of the nearest poses."""

import pandas as pd
import torch

from purereid.data.heatmaps import FRAME
from purereid.data.images import load_images
from purereid.data.keypoints import Keypoints
from purereid.quality.pose_neighbours import nearest_poses


class PoseNeighbours:
    """The mean of the training images whose poses are nearest to the wanted one; it knows nothing of the source.

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
        self.count = min(count, len(rows))

    def __call__(self, poses: list[str]) -> torch.Tensor:
        """Images uint8 [B, 3, H, W] for the poses of some images."""
        wanted = [self.number[image] for image in poses]
        near = nearest_poses(
            self.joints[wanted], self.visible[wanted], self.joints[self.known], self.visible[self.known], self.count
        )
        drawn = torch.empty(len(poses), *self.images.shape[1:], dtype=torch.uint8)
        for row, neighbours in enumerate(near):
            drawn[row] = self.images[torch.from_numpy(neighbours)].float().mean(dim=0).round().to(torch.uint8)
        return drawn
