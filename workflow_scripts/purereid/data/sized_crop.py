"""Crops of random size and shape, stretched back: the person is nearer, wider or not in the middle."""

from collections.abc import Sequence

import numpy as np
import torch

from purereid.data.images import resize

ASPECT = (2.0, 3.0)  # height over width, as in Open-ReID
TRIES = 10


def crop_sized(
    images: Sequence[np.ndarray], generator: torch.Generator, area: Sequence[float], resizing: str = "opencv"
) -> list[np.ndarray]:
    """Take a random part of each image and stretch it to the size of the whole.

    As in Open-ReID and in stage I of FD-GAN (Ge et al. 2018), where ``area`` is (0.64, 1): area and shape are drawn
    uniformly, up to ten times until the part fits into the image; where none does, the image stays whole. There parts
    are taken of images as they are on the disk, here of images that were stretched to the size of the input before.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        area: smallest and largest share of the image, above 0.
        resizing: how parts are stretched, see ``data.images.resize``.

    Returns:
        B images uint8 [H, W, 3]; those that stay whole are the same objects.
    """
    height, width, _ = images[0].shape
    draws = torch.rand(4, len(images), TRIES, generator=generator)
    size = (area[0] + (area[1] - area[0]) * draws[0]) * height * width
    shape = ASPECT[0] + (ASPECT[1] - ASPECT[0]) * draws[1]
    tall, wide = (side.sqrt().round().long().clamp(min=1) for side in (size * shape, size / shape))
    fits = (tall <= height) & (wide <= width)
    top, left = ((draws[2] * (height - tall + 1)).long(), (draws[3] * (width - wide + 1)).long())
    first = (torch.arange(len(images)), fits.int().argmax(dim=1))
    boxes = torch.stack([values[first] for values in (top, left, tall, wide)], dim=1).tolist()
    parts = zip(images, boxes, fits.any(dim=1).tolist(), strict=True)
    return [
        resize(image[y : y + rows, x : x + columns], height, width, resizing) if fitting else image
        for image, (y, x, rows, columns), fitting in parts
    ]
