"""Open every image of a data set once: its size, its digest, or what is wrong with it."""

import hashlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from purereid.data.images import as_rgb, is_turned


class Checked(NamedTuple):
    """What an image is.

    Attributes:
        width, height: in pixels, upright.
        sha256: of the file.
        pixels: SHA-256 of size and pixels, equal for copies that were saved anew without loss.
        turned: whether its EXIF data say that it lies on its side or is mirrored.
        blank: whether all of it has one colour.
        fault: why it cannot be used.
    """

    width: int = 0
    height: int = 0
    sha256: str = ""
    pixels: str = ""
    turned: bool = False
    blank: bool = False
    fault: str = ""


def check_images(paths: Iterable[str], threads: int) -> dict[str, Checked]:
    """Decode images completely, so that a truncated file is found.

    Args:
        paths: image files; one that is named twice is opened once.
        threads: how many are opened at a time.
    """
    paths = sorted(set(paths))
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(paths, pool.map(check_image, paths), strict=True))


def check_image(path: str) -> Checked:
    """Decode one image completely."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        return Checked(fault=f"cannot be opened ({error.strerror})")
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            turned, upright = is_turned(image), as_rgb(image)
    except Exception as error:  # a broken file makes Pillow raise almost anything
        return Checked(fault=f"cannot be decoded ({_shorten(error)})")
    pixels = _digest(upright)
    blank = all(low == high for low, high in upright.getextrema())
    return Checked(*upright.size, hashlib.sha256(content).hexdigest(), pixels, turned, blank)


def _digest(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.size}".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _shorten(error: Exception) -> str:
    # the address of the buffer would differ from run to run
    return "no known image format" if isinstance(error, Image.UnidentifiedImageError) else str(error)
