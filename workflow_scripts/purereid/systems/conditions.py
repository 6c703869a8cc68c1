"""What a generator is asked for: tensors by name, as its ``system.yaml`` lists them.

- ``source``: uint8 [B, 3, H, W], images of the persons to show
- ``joints``: float32 [B, 18, H, W], ``parts``: float32 [B, 6, H, W]: heat maps of the poses to show them in
- ``seed``: int64 [B], always there: the draws of an image depend on its own seed, whatever else is in the batch
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from purereid.data.heatmap_file import Heatmaps
from purereid.data.heatmaps import joint_maps, part_maps

POSES = {"joints": joint_maps, "parts": part_maps}  # conditions that are heat maps


class PoseMaps:
    """Heat maps of the images of a data set, in the size of a generator.

    Args:
        files: file of ``make_heatmaps`` by condition (``joints``, ``parts``).
        size: height and width of the generator's images.
    """

    def __init__(self, files: dict[str, str | Path], size: tuple[int, int]):
        self.maps = {name: Heatmaps(path) for name, path in files.items()}
        self.size = size

    def of(self, images: Sequence[str]) -> dict[str, torch.Tensor]:
        """Conditions of the poses of some images.

        Raises:
            UserError: an image without heat maps.
        """
        found = {
            name: torch.from_numpy(np.stack([maps[image] for image in images])) for name, maps in self.maps.items()
        }
        return {name: _resized(maps, self.size) for name, maps in found.items()}


def maps_of_joints(
    names: Sequence[str], joints: np.ndarray, visible: np.ndarray, size: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """Conditions of poses that are given as key points.

    Args:
        names: conditions wanted, of ``POSES``.
        joints: [B, 18, 2] = (y, x) in pixels of a picture of 128 x 64.
        visible: bool [B, 18].
        size: height and width of the generator's images.
    """
    return {name: POSES[name](joints, visible, size=size) for name in names}


def noise(seeds: torch.Tensor, width: int) -> torch.Tensor:
    """Uniform draws float32 [B, width] in -1..1, each row from its own seed int64 [B]."""
    draws = [torch.rand(width, generator=torch.Generator().manual_seed(int(seed))) for seed in seeds]
    return torch.stack(draws) * 2 - 1


def _resized(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    if maps.shape[2:] == size:
        return maps
    return functional.interpolate(maps, size, mode="bilinear", align_corners=False, antialias=True)
