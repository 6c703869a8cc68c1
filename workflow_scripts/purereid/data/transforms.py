"""Augmentation of whole batches on the training device.

All draws are made on the CPU from a generator that is passed in: CPU and GPU see the same augmentations.
"""

import torch
from torch.nn import functional

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB


def normalise(images: torch.Tensor) -> torch.Tensor:
    """uint8 [B, 3, H, W] to float32 with the mean and deviation of ImageNet, in channels-last memory."""
    return standardise(images / 255).contiguous(memory_format=torch.channels_last)


def standardise(images: torch.Tensor) -> torch.Tensor:
    """Float32 [B, 3, H, W] in 0..1 to the mean and deviation of ImageNet; gradients pass."""
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (MEAN, STD))
    return (images - mean) / std


def augment(
    images: torch.Tensor,
    generator: torch.Generator,
    *,
    flip: float = 0.5,
    pad: int = 10,
    erase: float = 0.5,
) -> torch.Tensor:
    """BoT's augmentation (Luo et al. 2019): flip, pad and crop, normalise, random erasing.

    Args:
        images: uint8 [B, 3, H, W].
        generator: CPU generator of all draws.
        flip: probability of a horizontal flip.
        pad: black pixels added on each side before a crop of the old size.
        erase: probability of random erasing.

    Returns:
        float32 [B, 3, H, W], normalised.
    """
    return erase_randomly(normalise(crop_and_flip(images, generator, flip=flip, pad=pad)), generator, erase)


def crop_and_flip(images: torch.Tensor, generator: torch.Generator, *, flip: float, pad: int) -> torch.Tensor:
    """Pad with black, crop at random, flip at random; uint8 [B, 3, H, W] to the same."""
    count, _, height, width = images.shape
    top = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    left = torch.randint(2 * pad + 1, (count, 1), generator=generator)
    flipped = torch.rand(count, 1, generator=generator) < flip
    rows = top + torch.arange(height)
    columns = left + torch.where(flipped, torch.arange(width).flip(0), torch.arange(width))
    padded = functional.pad(images, (pad, pad, pad, pad)).permute(0, 2, 3, 1)
    picks = (torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :])
    return padded[tuple(pick.to(images.device) for pick in picks)].permute(0, 3, 1, 2)


def erase_randomly(
    images: torch.Tensor,
    generator: torch.Generator,
    probability: float,
    *,
    area: tuple[float, float] = (0.02, 0.4),
    aspect: tuple[float, float] = (0.3, 3.33),
    tries: int = 20,
) -> torch.Tensor:
    """Random erasing (Zhong et al. 2020): one rectangle of each image, with a probability, gets the fill colour.

    The fill is the ImageNet mean written into the normalised image, as in BoT's published runs.

    Args:
        images: float32 [B, 3, H, W], normalised; not modified.
        area: share of the image that the rectangle covers.
        aspect: height over width of the rectangle.
        tries: drawn rectangles per image; if none fits the image stays whole.
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
    inside_rows = _between(top, tall, height)
    inside_columns = _between(left, wide, width)
    mask = chosen[:, None, None] & inside_rows[:, :, None] & inside_columns[:, None, :]
    fill = torch.tensor(MEAN, device=images.device).view(1, 3, 1, 1)
    erased = torch.where(mask[:, None].to(images.device), fill, images)
    return erased.contiguous(memory_format=torch.channels_last)


def _between(start: torch.Tensor, length: torch.Tensor, size: int) -> torch.Tensor:
    places = torch.arange(size)
    return (places >= start[:, None]) & (places < (start + length)[:, None])
