"""Images whose top or bottom edge lies elsewhere, as that of a detector which is not quite right."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from purereid.data.images import resize


def shift_vertically(
    images: Sequence[np.ndarray],
    generator: torch.Generator,
    probability: float,
    share: float = 0.05,
    resizing: str = "opencv",
) -> list[np.ndarray]:
    """Move the top or the bottom edge of images and stretch them back to their size.

    As in the PCB baseline of "Generate and Purify" (Lu et al.), of which is known that it crops or pads 5 % at the top
    or the bottom with probability 0.5. The rest is ours: both edges are equally probable; the edge moves by a whole
    number of rows, drawn uniformly, up to ``share`` of the height inwards, where rows are cut off, or outwards, where
    black ones are added.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        probability: of a shift, per image.
        share: of the height, the largest shift.
        resizing: how shifted images are stretched, see ``data.images.resize``.

    Returns:
        B images uint8 [H, W, 3]; those that are not shifted are the same objects.
    """
    height, width, _ = images[0].shape
    most = round(share * height)
    rows = torch.randint(-most, most + 1, (len(images),), generator=generator)
    chosen, at_top = torch.rand(2, len(images), generator=generator) < torch.tensor([[probability], [0.5]])
    added = torch.stack([rows * chosen * at_top, rows * chosen * ~at_top], dim=1).tolist()
    return [
        resize(_with_rows(image, *edges), height, width, resizing) for image, edges in zip(images, added, strict=True)
    ]


def _with_rows(image: np.ndarray, top: int, bottom: int) -> np.ndarray:
    """An image with black rows more at its edges, or where a number is negative with so many rows less."""
    whole = image[max(0, -top) : len(image) - max(0, -bottom)]
    if max(top, bottom) <= 0:
        return whole
    return cv2.copyMakeBorder(whole, max(0, top), max(0, bottom), 0, 0, cv2.BORDER_CONSTANT)
