"""Read images, from files of their own or from shards of generated ones."""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
import torch
from PIL import Image, ImageOps
from torch.nn import functional

from purereid.data.pixel_budget import BUDGET, opened
from purereid.data.shards import fault, image_bytes, shard_of
from purereid.errors import UserError

ORIENTATION = 0x0112  # tag of EXIF
APP1, SCAN = 0xE1, 0xDA  # segments of JPEG files: what is said of the image, and the image
BITS_OF_TIFF = 258  # tag with the bits of a grey value
LONGEST = 1024  # side of a picture that torch enlarges as Pillow does


def read_image(path: str | Path) -> np.ndarray:
    """Read one image.

    Args:
        path: an image file, or an image in a shard: ``{shard}.parquet/{image}``.

    Returns:
        uint8 [H, W, 3], RGB, see ``as_rgb``.

    Raises:
        UserError: the file is missing, truncated, no image or one of too many pixels (see ``pixel_budget``), or so is
            the shard; the shard has no such image.
    """
    with decoded(path) as image:
        return image


@contextmanager
def decoded(path: str | Path) -> Iterator[np.ndarray]:
    """The same for as long as the context lasts, in which its pixels count among those held at a time."""
    inside = shard_of(path)
    packed = image_bytes(*inside) if inside else None
    with ExitStack() as spent:
        try:
            image = _decode(file_bytes(path) if packed is None else packed, spent)
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
        yield image


def stretched(images: Iterable[np.ndarray], height: int, width: int, resizing: str = "opencv") -> torch.Tensor:
    """Images uint8 [H, W, 3] of any sizes, at least one, in one size (see ``resize``): uint8 [N, 3, height, width]."""
    return torch.from_numpy(np.stack([resize(each, height, width, resizing) for each in images])).permute(0, 3, 1, 2)


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
        with decoded(paths[row]) as image:
            cv2.split(resize(image, height, width, resizing), list(images[row].numpy()))

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for _ in pool.map(load, range(len(paths))):
            pass
    return images


def file_bytes(path: str | Path) -> bytes:
    """The content of a file; nothing of a pipe, at which reading would wait for ever.

    Raises:
        OSError: it cannot be read.
    """
    with io.FileIO(path, opener=_without_waiting) as file:  # sooner than by Path.read_bytes
        return file.read() or b""


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _decode(file: bytes, spent: ExitStack) -> np.ndarray:
    """Pixels uint8 [H, W, 3] of a file, upright, spent; an ordinary JPEG file takes a fifth of Pillow's time."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(file)
        if colours in ("YCbCr", "Gray", "RGB") and not _lies(file):
            spent.enter_context(BUDGET.spent(width, height))
            return simplejpeg.decode_jpeg(file)
    except ValueError:
        spent.close()  # another format, or something is wrong, and Pillow decides how wrong
    return np.array(as_rgb(spent.enter_context(opened(file))))


def _lies(file: bytes) -> bool:
    """Whether a JPEG file says that its image lies on its side or is mirrored."""
    place = 2
    while file[place : place + 1] == b"\xff" and file[place + 1] not in (SCAN, APP1):  # segment by segment
        place += 2 + int.from_bytes(file[place + 2 : place + 4], "big")
    if file[place : place + 2] != bytes((0xFF, APP1)):  # which holds EXIF and XMP, in which Pillow looks
        return False
    with Image.open(io.BytesIO(file)) as image:
        return is_turned(image)


def is_turned(image: Image.Image) -> bool:
    """Whether an image has to be turned or mirrored to be looked at, as its EXIF data say."""
    return image.getexif().get(ORIENTATION, 1) not in (0, 1)


def as_rgb(image: Image.Image) -> Image.Image:
    """An image as it is looked at: upright, as its EXIF data say, with 8 bits, on white where it is transparent.

    Raises:
        ValueError: numbers of which it is not known what is white.
    """
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode[0] in "IF":
        image = _eight_bits(image)
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of more than 8 bits, which ``convert`` would clip to white, by the largest that the file may hold."""
    values = np.asarray(image).astype(np.float64)
    bits = getattr(image, "tag_v2", {}).get(BITS_OF_TIFF, (16,))[0]
    white = 1.0 if image.mode == "F" else 2.0 ** (min(bits, 16)) - 1
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= white):
        raise ValueError(f"grey values from {values.min():g} to {values.max():g}, expected 0 to {white:g}")
    grey = (values * (255 / white)).round().astype(np.uint8)
    hidden = image.info.get("transparency")
    return Image.fromarray(np.where(values == hidden, 255, grey) if isinstance(hidden, int) else grey)


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
