"""What a generator is asked for: tensors by name, as its ``system.yaml`` lists them under ``conditions``.

- ``source``: uint8 [B, 3, H, W], images of the persons to show; ``pose_image``: the images that show the wanted poses
- ``joints``: float32 [B, 18, H, W], ``parts``: float32 [B, 6, H, W]: heat maps of the wanted poses
- ``source_joints``, ``source_parts``: the same of the sources
- ``seed``: int64 [B], always there: the draws of an image depend on its own seed, whatever else is in the batch
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from purereid.data.heatmap_file import Heatmaps
from purereid.data.heatmaps import joint_maps, part_maps
from purereid.data.index_images import IndexImages

MAPS = {"joints": joint_maps, "parts": part_maps}
IMAGES = {"source": "source", "pose_image": "pose"}  # conditions that are images, and the column that names them


class Conditions:
    """Conditions of images of a data set.

    Args:
        names: conditions wanted, of ``registry.CONDITIONS``.
        table: the index.
        maps: files of heat maps, by ``joints`` and ``parts``.
        size: height and width of the generator's images.
        threads: image files read at once.
    """

    def __init__(
        self,
        names: Sequence[str],
        table: pd.DataFrame,
        maps: dict[str, str | Path],
        size: tuple[int, int],
        threads: int,
    ):
        self.names = names
        self.images = IndexImages(table, size, threads)
        self.maps = PoseMaps(maps, size)

    def of(self, rows: pd.DataFrame) -> dict[str, torch.Tensor]:
        """Tensors by name, of rows with the columns source, pose and seed.

        Raises:
            UserError: an image that is not in the index, cannot be read or has no heat maps.
        """
        images = {name: self.images.of(rows[column]) for name, column in IMAGES.items() if name in self.names}
        wanted = {name: self.maps.of(name, rows["pose"].tolist()) for name in MAPS if name in self.names}
        sources = {
            f"source_{name}": self.maps.of(name, rows["source"].tolist())
            for name in MAPS
            if f"source_{name}" in self.names
        }
        return images | wanted | sources | {"seed": torch.tensor(rows["seed"].to_numpy())}


class PoseMaps:
    """Heat maps of the images of a data set, in the size of a generator.

    Args:
        files: file of ``make_heatmaps`` by ``joints`` and ``parts``.
        size: height and width of the generator's images.
    """

    def __init__(self, files: dict[str, str | Path], size: tuple[int, int]):
        self.maps = {name: Heatmaps(path) for name, path in files.items()}
        self.size = size

    def of(self, name: str, images: Sequence[str]) -> torch.Tensor:
        """Heat maps of one kind, float32 [B, C, H, W].

        Raises:
            UserError: an image without heat maps.
        """
        maps = torch.from_numpy(np.stack([self.maps[name][image] for image in images]))
        if maps.shape[2:] == self.size:
            return maps
        return functional.interpolate(maps, self.size, mode="bilinear", align_corners=False, antialias=True)


def noise(seeds: torch.Tensor, width: int) -> torch.Tensor:
    """Uniform draws float32 [B, width] in -1..1, each row from its own seed int64 [B]."""
    draws = [torch.rand(width, generator=torch.Generator().manual_seed(int(seed))) for seed in seeds]
    return torch.stack(draws) * 2 - 1
