"""Augmentation of batches: pixels are moved as bytes on the CPU, the rest happens on the training device.

All draws are made on the CPU from a generator that is passed in: CPU and GPU see the same augmentations.
"""

import cv2
import numpy as np
import torch

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 [B, 3, H, W] to float32 with the mean and deviation of ImageNet, in channels-last memory."""
    if images.device.type != "cpu":
        return standardise(images / 255).contiguous(memory_format=torch.channels_last)
    pixels = _channels_last(images)
    normalised = np.empty(pixels.shape, np.float32)
    table = standardise((torch.arange(256) / 255).expand(1, 3, 1, 256)).permute(0, 3, 2, 1)[0].numpy()
    for image, place in zip(pixels, normalised, strict=True):
        cv2.LUT(image, table, dst=place)  # the same values as by arithmetic, which takes three to four times as long
    return torch.from_numpy(normalised).permute(0, 3, 1, 2)


def standardise(images: torch.Tensor) -> torch.Tensor:
    """Float32 [B, 3, H, W] in 0..1 to the mean and deviation of ImageNet; gradients pass."""
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
    return (images - mean) / std


def augment(
    images: torch.Tensor,
    generator: torch.Generator,
    device: torch.device,
    *,
    flip: float = 0.5,
    pad: int = 10,
    erase: float = 0.5,
) -> torch.Tensor:
    """BoT's augmentation (Luo et al. 2019): flip, pad and crop, normalise, random erasing.

    Args:
        images: uint8 [B, 3, H, W] in the memory of the CPU.
        generator: CPU generator of all draws.
        device: where the result is to be; it takes all that is done with floating-point numbers.
        flip: probability of a horizontal flip.
        pad: black pixels added on each side before a crop of the old size.
        erase: probability of random erasing.

    Returns:
        float32 [B, 3, H, W], normalised, in channels-last memory.
    """
    images = crop_and_flip(images, generator, flip=flip, pad=pad)
    if device.type == "cuda":
        images = images.pin_memory().to(device, non_blocking=True)
    return erase_randomly(normalise(images), generator, erase)


def crop_and_flip(images: torch.Tensor, generator: torch.Generator, *, flip: float, pad: int) -> torch.Tensor:
    """Pad with black, crop at random, flip at random.

    Args:
        images: uint8 [B, 3, H, W] in the memory of the CPU; quickest in channels-last order.
        generator: CPU generator of all draws.
        flip: probability of a flip.
        pad: pixels added on each side.

    Returns:
        uint8 [B, 3, H, W], in channels-last memory.
    """
    count, _, height, width = images.shape
    top = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    left = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    flipped = torch.rand(count, 1, generator=generator) < flip
    left = torch.where(flipped, 2 * pad - left, left)  # a crop is flipped by cropping the flipped image
    draws = torch.cat([top - pad, left - pad, flipped], dim=1).tolist()
    cropped = np.zeros((count, height, width, 3), np.uint8)
    for image, place, (down, right, mirror) in zip(_channels_last(images), cropped, draws, strict=True):
        (rows, from_rows), (columns, from_columns) = _overlap(down, height), _overlap(right, width)
        place[rows, columns] = (cv2.flip(image, 1) if mirror else image)[from_rows, from_columns]
    return torch.from_numpy(cropped).permute(0, 3, 1, 2)


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
        images: float32 [B, 3, H, W], normalised.
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
    fill = torch.tensor(MEAN, device=images.device).view(3, 1, 1)
    boxes = torch.stack([top, left, tall, wide], dim=1).long()
    for number in chosen.nonzero().flatten().tolist():
        y, x, height, width = boxes[number].tolist()
        images[number, :, y : y + height, x : x + width] = fill
    return images


def _channels_last(images: torch.Tensor) -> np.ndarray:
    """Images [B, 3, H, W] on the CPU as an array [B, H, W, 3], a copy only where they lie in memory in another order."""
    return images.permute(0, 2, 3, 1).contiguous().numpy()


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Where a window of an image's size, shifted against it, meets it: places in the window and in the image."""
    return slice(max(0, -shift), min(size, size - shift)), slice(max(0, shift), min(size, size + shift))
