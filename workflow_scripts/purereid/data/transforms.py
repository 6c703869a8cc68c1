"""Augmentation of batches: pixels are moved as bytes on the CPU, the rest happens on the training device.

All draws are made on the CPU from a generator that is passed in: CPU and GPU see the same augmentations.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from purereid.data.colour_jitter import jitter_colours
from purereid.data.sized_crop import crop_sized
from purereid.data.vertical_shift import shift_vertically
from purereid.errors import UserError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB
ERASED_AREA, ERASED_ASPECT = (0.02, 0.4), (0.3, 3.33)  # as published: share of the image, height over width


def normalise(images: torch.Tensor, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> torch.Tensor:
    """Values 0..255, uint8 or float32 [B, 3, H, W], less the mean, by the deviation, in channels-last memory.

    Args:
        images: RGB.
        mean, std: of each channel, for values in 0..1.
    """
    if images.device.type != "cpu" or images.dtype != torch.uint8:
        return standardise(images / 255, mean, std).contiguous(memory_format=torch.channels_last)
    planes = images.is_contiguous()
    pixels = images.numpy() if planes else images.permute(0, 2, 3, 1).contiguous().numpy()
    count, _, height, width = images.shape
    normalised = np.empty((count, height, width, 3), np.float32)
    levels = (torch.arange(256) / 255).expand(1, 3, 1, 256)
    table = standardise(levels, mean, std).permute(0, 3, 2, 1)[0].contiguous().numpy()
    for image, place in zip(pixels, normalised, strict=True):  # a table gives the values of the arithmetic, sooner
        cv2.LUT(cv2.merge(list(image)) if planes else image, table, dst=place)
    return torch.from_numpy(normalised).permute(0, 3, 1, 2)


def standardise(images: torch.Tensor, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> torch.Tensor:
    """Float32 [B, 3, H, W] in 0..1, less the mean of each channel, by its deviation; gradients pass."""
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (mean, std))
    return (images - mean) / std


def to_pixels(images: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Uint8 [B, 3, H, W] of normalised images float [B, 3, H, W]; what lies outside of the colours is cut off."""
    mean, std = (torch.tensor(v, device=images.device).view(3, 1, 1) for v in (mean, std))
    return ((images * std + mean) * 255).round().clamp(0, 255).to(torch.uint8).contiguous()


def augment(
    images: Sequence[np.ndarray],
    generator: torch.Generator,
    device: torch.device,
    *,
    flip: float = 0.5,
    pad: int = 10,
    crop: tuple[int, int] | None = None,
    shift: float = 0.0,
    sized_crop: Sequence[float] | None = None,
    resizing: str = "opencv",
    colour_jitter: Sequence[float] = (0, 0, 0, 0),
    mean: Sequence[float] = MEAN,
    std: Sequence[float] = STD,
    erase: float = 0.5,
    erase_area: tuple[float, float] = ERASED_AREA,
    erase_aspect: tuple[float, float] = ERASED_ASPECT,
    erase_fill: str = "mean",
) -> torch.Tensor:
    """BoT's augmentation (Luo et al. 2019): flip, pad and crop, normalise, random erasing; and what other recipes add.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        device: where the result is to be. Floating-point numbers are computed there.
        flip: probability of a horizontal flip.
        pad: black pixels added on each side before a random crop.
        crop: height h and width w of that crop; None: those of the images.
        shift: probability of ``shift_vertically``.
        sized_crop: smallest and largest share of the image that ``crop_sized`` takes; None: it is left out.
        resizing: how these two stretch images.
        colour_jitter: strengths of brightness, contrast, saturation and hue, see ``jitter_colours``; it comes first.
        mean, std: as for ``normalise``.
        erase: probability of random erasing.
        erase_area, erase_aspect: as for ``erase_randomly``.
        erase_fill: ``mean``, ``zero`` or ``colour``, see ``erasing_fill``.

    Returns:
        float32 [B, 3, h, w], normalised, in channels-last memory.

    Raises:
        UserError: as ``crop_and_flip``.
    """
    if any(colour_jitter):
        images = jitter_colours(images, generator, colour_jitter)
    if shift:
        images = shift_vertically(images, generator, shift, resizing=resizing)
    if sized_crop:
        images = crop_sized(images, generator, sized_crop, resizing)
    batch = crop_and_flip(images, generator, flip=flip, pad=pad, crop=crop)
    if device.type == "cuda":
        batch = batch.pin_memory().to(device, non_blocking=True)
    batch = normalise(batch, mean, std)
    fill = erasing_fill(erase_fill, len(batch), generator, mean, std)
    return erase_randomly(batch, generator, erase, area=erase_area, aspect=erase_aspect, fill=fill)


def erasing_fill(
    kind: str, count: int, generator: torch.Generator, mean: Sequence[float] = MEAN, std: Sequence[float] = STD
) -> Sequence[float] | torch.Tensor:
    """What rectangles are filled with, see ``erase_randomly``.

    Args:
        kind: ``mean``, as in BoT's published runs: the numbers of the ImageNet mean, which after normalising are no
            longer its colour; ``zero``, which after normalising is that colour (DG-Net); or ``colour``, one of its own
            for each image, as in FD-GAN's.
        count: number of images.
        generator: of the draws of ``colour``.
        mean, std: with which the images are normalised.
    """
    if kind == "colour":
        return _colours(count, generator, mean, std)
    return (0.0, 0.0, 0.0) if kind == "zero" else MEAN


def crop_and_flip(
    images: Sequence[np.ndarray],
    generator: torch.Generator,
    *,
    flip: float,
    pad: int,
    crop: tuple[int, int] | None = None,
) -> torch.Tensor:
    """Pad with black, crop at random, flip at random.

    Args:
        images: B images uint8 [H, W, 3].
        generator: CPU generator of all draws.
        flip: probability of a flip.
        pad: pixels added on each side.
        crop: height h and width w of the crop; None: those of the images.

    Returns:
        uint8 [B, 3, h, w], in channels-last memory.

    Raises:
        UserError: the crop is larger than the padded images.
    """
    count, size = len(images), images[0].shape[:2]
    height, width = crop or size
    room = [whole + 2 * pad - part for whole, part in zip(size, (height, width), strict=True)]
    if min(room) < 0:
        raise UserError(
            f"a crop of {height} x {width} does not fit into images of {size[0]} x {size[1]} with {pad} pixels more on "
            "each side",
            do="lower the size of the crop, or raise that of the images",
        )
    top, left = (torch.randint(more + 1, (count, 1), generator=generator) for more in room)
    flipped = torch.rand(count, 1, generator=generator) < flip
    draws = torch.cat([top - pad, left - pad, flipped], dim=1).tolist()
    batch = np.empty((count, height, width, 3), np.uint8)
    for image, place, (down, right, mirror) in zip(images, batch, draws, strict=True):
        (rows, from_rows), (columns, from_columns) = _overlap(down, size[0], height), _overlap(right, size[1], width)
        if rows.stop - rows.start < height or columns.stop - columns.start < width:
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
    area: tuple[float, float] = ERASED_AREA,
    aspect: tuple[float, float] = ERASED_ASPECT,
    fill: Sequence[float] | torch.Tensor = MEAN,
    tries: int = 20,
) -> torch.Tensor:
    """Random erasing (Zhong et al. 2020), in place: one rectangle of each image, with a probability, is filled.

    Args:
        images: float32 [B, 3, H, W], normalised, in channels-last memory.
        generator: CPU generator of all draws.
        probability: of a rectangle in an image.
        area: share of the image that the rectangle covers.
        aspect: height over width of the rectangle.
        fill: values of the rectangle, of each channel of the normalised image, [3] or, of each image, [B, 3].
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
    values = torch.as_tensor(fill).to(images).expand(count, 3).repeat(1, width)
    for number in chosen.nonzero().flatten().tolist():
        y, x, tall, wide = boxes[number].tolist()
        rows[number, y : y + tall, 3 * x : 3 * (x + wide)] = values[number, : 3 * wide]
    return images


def _colours(count: int, generator: torch.Generator, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Normalised colours float32 [count, 3], drawn uniformly."""
    return standardise(torch.rand(count, 3, 1, 1, generator=generator), mean, std)[:, :, 0, 0]


def _overlap(shift: int, size: int, window: int) -> tuple[slice, slice]:
    """Where a window, shifted against an image, meets it: places in the window and in the image."""
    meets = slice(max(0, -shift), max(0, min(window, size - shift)))
    return meets, slice(max(0, shift), max(0, min(size, window + shift)))
