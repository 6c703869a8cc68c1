"""True pictures of rendered people: the person of one image in the pose of any other, which only a renderer knows."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from purereid.data.images import resize
from purereid.people.ground_truth import read_scenes
from purereid.people.look_alikes import LookAlikes
from purereid.people.renderer import Rendering, render
from purereid.people.scene import render_as, scene_of


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
    pictures = (render_as(rows.loc[source], rows.loc[pose]) for source, pose in zip(sources, poses, strict=True))
    return _stretched(pictures, size)


def pictures_of_look_alikes(
    scene: str | Path, sources: Sequence[str], poses: Sequence[str], size: tuple[int, int], count: int
) -> torch.Tensor:
    """The same of those persons of the data set who look most like the persons of the sources, see ``LookAlikes``.

    Args:
        scene, sources, poses, size: as for ``true_pictures``.
        count: look-alikes of each person; all others where the data set has fewer persons.

    Returns:
        uint8 [N, at most count, 3, height, width], most alike first.
    """
    rows = read_scenes(scene).set_index("image", drop=False)
    persons = rows[rows["pid"] > 0].drop_duplicates(["seed", "identity"])
    alike = LookAlikes([scene_of(row).identity for _, row in persons.iterrows()])
    pictures = []
    for source, pose in zip(sources, poses, strict=True):
        others, place = alike.of(scene_of(rows.loc[source]).identity, count), scene_of(rows.loc[pose])[1:]
        pictures.append(_stretched((render(other, *place) for other in others), size))
    return torch.stack(pictures)


def _stretched(pictures: Iterable[Rendering], size: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(np.stack([resize(picture.image, *size) for picture in pictures])).permute(0, 3, 1, 2)
