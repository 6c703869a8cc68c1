"""Open every image of a data set once: its size, its digest, or what is wrong with it."""

import hashlib
import io
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from PIL import Image


class Checked(NamedTuple):
    """Width and height in pixels and the SHA-256 of the file; ``fault`` says why an image cannot be used."""

    width: int = 0
    height: int = 0
    sha256: str = ""
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
            width, height = image.size
    except Exception as error:  # a broken file makes Pillow raise almost anything
        return Checked(fault=f"cannot be decoded ({_shorten(error)})")
    return Checked(width, height, hashlib.sha256(content).hexdigest())


def _shorten(error: Exception) -> str:
    # the address of the buffer would differ from run to run
    return "no known image format" if isinstance(error, Image.UnidentifiedImageError) else str(error)
