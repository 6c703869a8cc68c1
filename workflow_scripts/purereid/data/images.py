"""Read images, from files of their own or from shards of generated ones."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
import torch
from PIL import Image
from torch.nn import functional

from purereid.data.shards import fault, image_bytes, shard_of
from purereid.errors import UserError

LONGEST = 1024  # side of a picture that torch enlarges as Pillow does


def read_image(path: str | Path) -> np.ndarray:
    """Read one image.

    Args:
        path: an image file, or an image in a shard: ``{shard}.parquet/{image}``.

    Returns:
        uint8 [H, W, 3], RGB; grey and 16-bit images are converted.

    Raises:
        UserError: the file is missing, truncated or no image, or so is the shard; the shard has no such image.
    """
    inside = shard_of(path)
    packed = image_bytes(*inside) if inside else None
    try:
        return _decode(_content(path) if packed is None else packed)
    except FileNotFoundError:
        raise UserError(
            "image file not found",
            where=path,
            expected="every image of the index at its place",
            do="put the file back, or delete the index (results/DATASET/index_dataset) so that it is made again",
        ) from None
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes Pillow raise almost anything
        raise UserError(
            f"image cannot be read: {fault(error)}",
            where=path,
            expected="a complete JPEG or PNG file",
            do=f"delete the shard {inside[0]}, so that it is made again"
            if inside
            else "replace the file, or set index_dataset.bad_images to skip",
        ) from None


def load_images(
    paths: Sequence[str], height: int, width: int, threads: int = 1, resizing: str = "opencv"
) -> torch.Tensor:
    """Read and resize many images into one tensor.

    Args:
        paths: N file names.
        height, width: size in pixels to which every image is stretched.
        threads: number of files that are decoded at once.
        resizing: as for ``resize``.

    Returns:
        uint8 [N, 3, height, width], RGB, contiguous.

    Raises:
        UserError: as ``read_image``.
    """
    images = torch.empty(len(paths), 3, height, width, dtype=torch.uint8)

    def load(row: int) -> None:
        cv2.split(resize(read_image(paths[row]), height, width, resizing), list(images[row].numpy()))

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for _ in pool.map(load, range(len(paths))):
            pass
    return images


def _content(path: str | Path) -> bytes:
    with Path(path).open("rb", buffering=0) as file:  # sooner than by Path.read_bytes
        return file.read()


def _decode(file: bytes) -> np.ndarray:
    """Pixels uint8 [H, W, 3] of a file, as Pillow gives them; an ordinary JPEG file takes a fifth of Pillow's time."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(file)
        if colours in ("YCbCr", "Gray", "RGB") and height * width <= Image.MAX_IMAGE_PIXELS:
            return simplejpeg.decode_jpeg(file)
    except ValueError:
        pass  # another format, or something is wrong, and Pillow decides how wrong
    with Image.open(io.BytesIO(file)) as image:
        return np.array((_eight_bits(image) if image.mode[0] in "IF" else image).convert("RGB"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey values, which ``convert`` would clip to white."""
    values = np.asarray(image, np.float32)
    return Image.fromarray((values / (257 if values.max() > 255 else 1)).clip(0, 255).astype(np.uint8))


def resize(image: np.ndarray, height: int, width: int, resizing: str = "opencv") -> np.ndarray:
    """Stretch an image.

    Args:
        image: uint8 [H, W, 3].
        height, width: of the result.
        resizing: ``opencv`` is bilinear, or the average of areas where there are to be fewer pixels, which avoids
            aliasing; where both sides grow it differs from Pillow by at most one of the 255 levels. ``pillow`` gives
            the pixels of Pillow's bilinear ``resize``, which is torchvision's, exactly.

    Returns:
        uint8 [height, width, 3]; the image itself if it has this size.
    """
    if image.shape[:2] == (height, width):
        return image
    if resizing == "pillow":
        return _resize_as_pillow(image, height, width)
    shrinks = height * width < image.shape[0] * image.shape[1]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _resize_as_pillow(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """By torch, in a sixth of Pillow's time, where its shorter integers hold the weights exactly.

    That is so where an image grows to powers of two, since the weights are then multiples of 1 / (2 x size).
    """
    grows = image.shape[0] <= height <= LONGEST and image.shape[1] <= width <= LONGEST
    if not grows or height.bit_count() > 1 or width.bit_count() > 1:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    pixels = torch.from_numpy(image[None].copy()).permute(0, 3, 1, 2)
    larger = functional.interpolate(pixels, size=(height, width), mode="bilinear", antialias=True)
    return larger[0].permute(1, 2, 0).numpy()
