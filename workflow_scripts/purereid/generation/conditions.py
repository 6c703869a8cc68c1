"""What a generator is asked for: tensors by name, as its ``system.yaml`` lists them under ``conditions``.

- ``source``: uint8 [B, 3, H, W], images of the persons to show; ``pose_image``: the images that show the wanted poses
- ``joints``: float32 [B, 18, H, W], ``parts``: float32 [B, 6, H, W]: heat maps of the wanted poses
- ``keypoints``: float32 [B, 18, 3] = (y, x) in pixels of a picture of 128 x 64, and 1 where visible, else 0
- ``source_joints``, ``source_parts``, ``source_keypoints``: the same of the sources
- ``seed``: int64 [B], always there: the draws of an image depend on its own seed, whatever else is in the batch
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from purereid.data.heatmap_file import Heatmaps
from purereid.data.heatmaps import FRAME, joint_maps, part_maps
from purereid.data.index_images import IndexImages
from purereid.data.keypoints import read_keypoints, select_keypoints
from purereid.networks.registry import guides_needed


def joint_table(joints: np.ndarray, visible: np.ndarray, size: tuple[int, int] = FRAME) -> torch.Tensor:
    """The condition ``keypoints``; the same for images of any size.

    Args:
        joints: [B, 18, 2] = (y, x) in pixels of a picture of 128 x 64.
        visible: bool [B, 18].
        size: not used; heat maps take it.
    """
    return torch.from_numpy(np.concatenate([joints, visible[..., None]], axis=2).astype(np.float32))


GUIDES = {"joints": joint_maps, "parts": part_maps, "keypoints": joint_table}
IMAGES = {"source": "source", "pose_image": "pose"}  # conditions that are images, and the column that names them


class Conditions:
    """Conditions of images of a data set.

    Args:
        names: conditions wanted, of ``registry.CONDITIONS``.
        table: the index.
        guides: files by name, see ``Guides``.
        size: height and width of the generator's images.
        threads: image files read at once.
    """

    def __init__(
        self,
        names: Sequence[str],
        table: pd.DataFrame,
        guides: dict[str, str | Path],
        size: tuple[int, int],
        threads: int,
    ):
        self.names = names
        self.images = IndexImages(table, size, threads)
        self.guides = Guides(guides, size)

    def of(self, rows: pd.DataFrame) -> dict[str, torch.Tensor]:
        """Tensors by name, of rows with the columns source, pose and seed.

        Raises:
            UserError: an image that is not in the index, cannot be read or has no pose.
        """
        images = {name: self.images.of(rows[column]) for name, column in IMAGES.items() if name in self.names}
        wanted = {name: self.guides.of(name, rows["pose"].tolist()) for name in GUIDES if name in self.names}
        sources = {
            f"source_{name}": self.guides.of(name, rows["source"].tolist())
            for name in GUIDES
            if f"source_{name}" in self.names
        }
        return images | wanted | sources | {"seed": torch.tensor(rows["seed"].to_numpy())}


def guide_files(
    conditions: Sequence[str], keypoints: str | Path | None, maps: dict[str, str | Path]
) -> dict[str, str | Path]:
    """The files from which the poses among some conditions are read, see ``Guides``: heat maps, and key points if any
    of them are among the conditions."""
    return maps | ({"keypoints": keypoints} if "keypoints" in guides_needed(conditions) else {})


class Guides:
    """The poses of the images of a data set: heat maps in the size of a generator, or key points.

    Args:
        files: files of ``make_heatmaps`` by ``joints`` and ``parts``, that of the key points by ``keypoints``.
        size: height and width of the generator's images.
    """

    def __init__(self, files: dict[str, str | Path], size: tuple[int, int]):
        self.maps = {name: Heatmaps(path) for name, path in files.items() if name != "keypoints"}
        self.file = files.get("keypoints")
        self.keypoints = None if self.file is None else read_keypoints(self.file)
        self.size = size

    def of(self, name: str, images: Sequence[str]) -> torch.Tensor:
        """The poses of B images in one form, float32 [B, C, H, W] or [B, 18, 3].

        Raises:
            UserError: an image without a pose.
        """
        if name == "keypoints":
            found = select_keypoints(self.keypoints, images, self.file)
            return joint_table(found.scaled(*FRAME), found.visible)
        maps = torch.from_numpy(np.stack([self.maps[name][image] for image in images]))
        if maps.shape[2:] == self.size:
            return maps
        return functional.interpolate(maps, self.size, mode="bilinear", align_corners=False, antialias=True)


def noise(seeds: torch.Tensor, width: int) -> torch.Tensor:
    """Uniform draws float32 [B, width] in -1..1, each row from its own seed int64 [B]."""
    return torch.stack([torch.rand(width, generator=draws) for draws in _generators(seeds)]) * 2 - 1


def normal_noise(seeds: torch.Tensor, width: int) -> torch.Tensor:
    """Draws float32 [B, width] of the normal distribution, each row from its own seed int64 [B]."""
    return torch.stack([torch.randn(width, generator=draws) for draws in _generators(seeds)])


def _generators(seeds: torch.Tensor) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(int(seed)) for seed in seeds]
