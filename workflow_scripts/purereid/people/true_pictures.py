"""True pictures of rendered people: the person of one image in the pose of any other, which only a renderer knows."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch

from purereid.data.images import stretched
from purereid.people.ground_truth import read_scenes
from purereid.people.look_alikes import LookAlikes
from purereid.people.renderer import render
from purereid.people.scene import render_as, scene_of


class TruePictures:
    """Renders persons in the poses of other images, with these images' camera, light and background.

    Args:
        scene: ``scene.parquet`` of the rendered people.
        size: height and width to which the pictures are stretched, as the data set's images are.

    Raises:
        UserError: the file is missing or damaged.
    """

    def __init__(self, scene: str | Path, size: tuple[int, int]):
        self.rows, self.size = read_scenes(scene).set_index("image", drop=False), size

    def of(self, sources: Sequence[str], poses: Sequence[str]) -> torch.Tensor:
        """The persons of N images in the poses of N others: uint8 [N, 3, height, width]."""
        pairs = zip(sources, poses, strict=True)
        return stretched(
            (render_as(self.rows.loc[source], self.rows.loc[pose]).image for source, pose in pairs), *self.size
        )

    def of_look_alikes(self, sources: Sequence[str], poses: Sequence[str], count: int) -> torch.Tensor:
        """The same of those persons of the data set who look most like the persons of the sources, see ``LookAlikes``.

        Args:
            sources, poses: N images each.
            count: look-alikes of each person; all others where the data set has fewer persons.

        Returns:
            uint8 [N, at most count, 3, height, width], most alike first.
        """
        pictures = []
        for source, pose in zip(sources, poses, strict=True):
            others = self._alike.of(scene_of(self.rows.loc[source]).identity, count)
            place = scene_of(self.rows.loc[pose])[1:]
            pictures.append(stretched((render(other, *place).image for other in others), *self.size))
        return torch.stack(pictures)

    @cached_property
    def _alike(self) -> LookAlikes:
        persons = self.rows[self.rows["pid"] > 0].drop_duplicates(["seed", "identity"])
        return LookAlikes([scene_of(row).identity for _, row in persons.iterrows()])
