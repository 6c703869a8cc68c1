"""Augmentation of batches: pixels are moved as bytes on the CPU, the rest happens on the training device.

All draws are made on the CPU from a generator that is passed in: CPU and GPU see the same augmentations.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Values 0..255, uint8 or float32 [B, 3, H, W], to mean and deviation of ImageNet, in channels-last memory."""
    if images.device.type != "cpu" or images.dtype != torch.uint8:
        return standardise(images / 255).contiguous(memory_format=torch.channels_last)
    planes = images.is_contiguous()
    pixels = images.numpy() if planes else images.permute(0, 2, 3, 1).contiguous().numpy()
    count, _, height, width = images.shape
    normalised = np.empty((count, height, width, 3), np.float32)
    table = standardise((torch.arange(256) / 255).expand(1, 3, 1, 256)).permute(0, 3, 2, 1)[0].contiguous().numpy()
    for image, place in zip(pixels, normalised, strict=True):  # a table gives the values of the arithmetic, sooner
        cv2.LUT(cv2.merge(list(image)) if planes else image, table, dst=place)
    return torch.from_numpy(normalised).permute(0, 3, 1, 2)


def standardise(images: torch.Tensor) -> torch.Tensor:
    """Float32 [B, 3, H, W] in 0..1 to the mean and deviation of ImageNet; gradients pass."""
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
    return (images - mean) / std


def augment(
    images: Sequence[np.ndarray],
    generator: torch.Generator,
    device: torch.device,
    *,
    flip: float = 0.5,
    pad: int = 10,
    erase: float = 0.5,
) -> torch.Tensor:
    """BoT's augmentation (Luo et al. 2019): flip, pad and crop, normalise, random erasing.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        device: where the result is to be. Floating-point numbers are computed there.
        flip: probability of a horizontal flip.
        pad: black pixels added on each side before a crop of the old size.
        erase: probability of random erasing.

    Returns:
        float32 [B, 3, H, W], normalised, in channels-last memory.
    """
    batch = crop_and_flip(images, generator, flip=flip, pad=pad)
    if device.type == "cuda":
        batch = batch.pin_memory().to(device, non_blocking=True)
    return erase_randomly(normalise(batch), generator, erase)


def crop_and_flip(images: Sequence[np.ndarray], generator: torch.Generator, *, flip: float, pad: int) -> torch.Tensor:
    """Pad with black, crop at random, flip at random.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        flip: probability of a flip.
        pad: pixels added on each side.

    Returns:
        uint8 [B, 3, H, W], in channels-last memory.
    """
    count, (height, width, _) = len(images), images[0].shape
    top = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    left = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    flipped = torch.rand(count, 1, generator=generator) < flip
    draws = torch.cat([top - pad, left - pad, flipped], dim=1).tolist()
    batch = np.empty((count, height, width, 3), np.uint8)
    for image, place, (down, right, mirror) in zip(images, batch, draws, strict=True):
        (rows, from_rows), (columns, from_columns) = _overlap(down, height), _overlap(right, width)
        if down or right:
            place[:] = 0
        if mirror and columns.stop > columns.start and rows.stop > rows.start:  # OpenCV takes nothing for an error
            mirrored = slice(width - columns.stop, width - columns.start)
            cv2.flip(image[from_rows, from_columns], 1, dst=place[rows, mirrored])
        else:
            place[rows, columns] = image[from_rows, from_columns]
    return torch.from_numpy(batch).permute(0, 3, 1, 2)


def erase_randomly(
    images: torch.Tensor,
    generator: torch.Generator,
    probability: float,
    *,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.33),
    tries: int = 20,
) -> torch.Tensor:
    """Random erasing (Zhong et al. 2020), in place: one rectangle of each image, with a probability, is filled.

    The fill is the ImageNet mean written into the normalised image, as in BoT's published runs.

    Args:
        images: float32 [B, 3, H, W], normalised, in channels-last memory.
        generator: CPU generator of all draws.
        probability: of a rectangle in an image.
        area: share of the image that the rectangle covers.
        aspect: height over width of the rectangle.
        tries: drawn rectangles per image; if none fits the image stays whole.

    Returns:
        the images.
    """
    count, _, height, width = images.shape
    draws = torch.rand(5, count, tries, generator=generator)
    size = (area[0] + (area[1] - area[0]) * draws[0]) * height * width
    ratio = aspect[0] + (aspect[1] - aspect[0]) * draws[1]
    tall, wide = (size * ratio).sqrt().round().long(), (size / ratio).sqrt().round().long()
    fits = (tall < height) & (wide < width)
    first = (torch.arange(count), fits.int().argmax(dim=1))
    tall, wide, drawn = tall[first], wide[first], draws[:, *first]
    top = (drawn[2] * (height - tall + 1)).floor()
    left = (drawn[3] * (width - wide + 1)).floor()
    chosen = fits.any(dim=1) & (drawn[4] < probability)
    boxes = torch.stack([top, left, tall, wide], dim=1).long()
    rows = images.permute(0, 2, 3, 1).view(count, height, width * 3)
    fill = torch.tensor(MEAN, device=images.device).repeat(width)
    for number in chosen.nonzero().flatten().tolist():
        y, x, tall, wide = boxes[number].tolist()
        rows[number, y : y + tall, 3 * x : 3 * (x + wide)] = fill[: 3 * wide]
    return images


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Where a window of an image's size, shifted against it, meets it: places in the window and in the image."""
    return tuple(slice(max(0, by), max(0, size + min(0, by))) for by in (-shift, shift))
