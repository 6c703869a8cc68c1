"""True pictures of rendered people: the person of one image in the pose of any other, which only a renderer knows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from purereid.data.images import resize
from purereid.people.ground_truth import read_scenes
from purereid.people.scene import render_as


def true_pictures(
    scene: str | Path, sources: Sequence[str], poses: Sequence[str], size: tuple[int, int]
) -> torch.Tensor:
    """Render persons in the poses of other images, with these images' camera, light and background.

    Args:
        scene: ``scene.parquet`` of the rendered people.
        sources, poses: N images each.
        size: height and width to which the pictures are stretched, as the data set's images are.

    Returns:
        uint8 [N, 3, height, width].
    """
    rows = read_scenes(scene).set_index("image", drop=False)
    pictures = [render_as(rows.loc[source], rows.loc[pose]).image for source, pose in zip(sources, poses, strict=True)]
    return torch.from_numpy(np.stack([resize(picture, *size) for picture in pictures])).permute(0, 3, 1, 2)
