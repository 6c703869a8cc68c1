"""Open every image of a data set once: its size, its digest, or what is wrong with it."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from purereid.data.images import as_rgb, file_bytes, is_turned
from purereid.data.pixel_budget import opened

TINY = 8  # pixels of a side, below which nobody can be told apart
# What the first bytes of a file say that it is, where it is no image that can be read.
OTHER_FILES = (
    (b"version https://git-lfs", "a pointer of Git LFS instead of the image: git lfs pull"),
    (b"%PDF", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<svg", "an SVG drawing: convert it to PNG"),
    (b"<?xml", "an XML file"),
)
HEIF = (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")  # kinds of files by Apple's cameras
PECULIARITIES = ("turned", "blank", "animated", "tiny", "cmyk", "palette", "misnamed")
KINDS_OF_ENDING = {"jpg": "jpeg", "jfif": "jpeg", "tif": "tiff", "mpo": "jpeg"}


class Checked(NamedTuple):
    """What an image is.

    Attributes:
        width, height: in pixels, upright.
        sha256: of the file.
        pixels: SHA-256 of size and pixels, equal for copies that were saved anew without loss.
        odd: what is peculiar about it, of ``PECULIARITIES``.
        fault: why it cannot be used.
    """

    width: int = 0
    height: int = 0
    sha256: str = ""
    pixels: str = ""
    odd: tuple[str, ...] = ()
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
        content = file_bytes(path)
    except OSError as error:
        leads = f"a link to {Path(path).readlink()}: " if Path(path).is_symlink() else ""
        return Checked(fault=f"cannot be opened ({leads}{error.strerror})")
    try:
        with opened(content) as image:
            image.load()
            odd = {
                "turned": is_turned(image),
                "animated": getattr(image, "n_frames", 1) > 1 and image.format != "MPO",  # which holds a second view
                "cmyk": image.mode in ("CMYK", "YCCK"),
                "palette": image.mode in ("P", "PA"),
                "misnamed": _kind(image.format) != _kind(Path(path).suffix[1:]),
            }
            upright = as_rgb(image)
            odd["blank"] = all(low == high for low, high in upright.getextrema())
            odd["tiny"] = min(upright.size) < TINY
            size, pixels = upright.size, _digest(upright)
    except Exception as error:  # a broken file makes Pillow raise almost anything
        return Checked(fault=f"cannot be decoded ({_what_else(content) or _shorten(error)})")
    found = tuple(name for name in PECULIARITIES if odd[name])
    return Checked(*size, hashlib.sha256(content).hexdigest(), pixels, found)


def _kind(name: str | None) -> str:
    return KINDS_OF_ENDING.get((name or "").lower(), (name or "").lower())


def _what_else(content: bytes) -> str:
    """What a file is instead of an image, "" where that is not known."""
    if not content:
        return "the file is empty"
    start = content[:512].lstrip().lower()
    for beginning, what in OTHER_FILES:
        if start.startswith(beginning.lower()):
            return what
    if content[4:8] == b"ftyp" and content[8:12] in HEIF:
        return "an image of the kind HEIC: convert it to JPEG or PNG"
    try:
        words = content[:512].decode()
    except UnicodeDecodeError:
        return ""
    return "a text" if all(letter.isprintable() or letter.isspace() for letter in words) else ""


def _digest(image: Image.Image) -> str:
    digest = hashlib.sha256(f"{image.size}".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _shorten(error: Exception) -> str:
    # the address of the buffer would differ from run to run
    return "no known image format" if isinstance(error, Image.UnidentifiedImageError) else str(error)
