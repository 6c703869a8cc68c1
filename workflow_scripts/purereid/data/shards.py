"""Shards of generated images: Parquet files with one row per image, which hold the images themselves.

In an index the path of a generated image is that of its shard and its name:
``results/people/generate/posegan/train/0-of-2/images.parquet/generated/posegan/train/0000012.png``.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from PIL import Image

from purereid.data.names import repeated
from purereid.data.parquet import read_strictly
from purereid.data.pixel_budget import opened
from purereid.errors import UserError

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("source", pa.string()),
        ("pose", pa.string()),
        ("pid", pa.int64()),
        ("seed", pa.int64()),
        ("injected", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("bytes", pa.binary()),
    ]
)
ENDING = ".parquet"
OPEN = 4  # shards kept in memory by ``image_bytes``
AGAIN = "make the generated images again: delete the file and run the workflow"
LOCK = threading.Lock()


def read_shard(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a shard, all columns of ``SCHEMA`` or some of them, in the order of the file.

    Raises:
        UserError: no such file, a truncated or damaged one, other columns, empty cells, an image listed twice.
    """
    wanted = list(columns or SCHEMA.names)
    return _read(path, wanted).select(wanted).to_pandas()


def decode(files: Sequence[bytes], threads: int = 1) -> torch.Tensor:
    """Turn files of B images of one size into pixels uint8 [B, 3, H, W], RGB.

    Args:
        files: PNG or JPEG files.
        threads: files decoded at once.

    Raises:
        UserError: a file that is no image or truncated, images of several sizes, no files.
    """
    with ThreadPoolExecutor(threads) as pool:
        images = list(pool.map(_pixels, range(len(files)), files))
    sizes = sorted({image.shape[:2] for image in images})
    if len(sizes) != 1:
        found = ", ".join(f"{height} x {width}" for height, width in sizes) or "none"
        raise UserError(f"images of one size are needed, found {found}", expected="images of one generator")
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def shard_of(path: str | Path) -> tuple[str, str] | None:
    """Shard and name of an image inside a shard, or None for the path of an image file."""
    folder, ending, image = str(path).rpartition(f"{ENDING}/")
    shard = folder + ENDING
    return (shard, image) if ending and not Path(shard).is_dir() else None


def image_bytes(shard: str, image: str) -> bytes:
    """The file of one image. The last few shards stay open, so that reading one image after another is quick.

    Safe to call from several threads.

    Raises:
        UserError: as ``read_shard``; the shard has no such image.
    """
    with LOCK:  # threads that meet at the start of a shard would each read all of it
        opened = _open(shard, _state(shard))
    if image not in opened.rows:
        raise UserError(
            f"the shard has no image {image}",
            where=shard,
            expected="every generated image of the index in the shard that the index names",
            do="make the index of the generated images again: delete it and run the workflow",
        )
    return opened.files[opened.rows[image]].as_py()


def fault(error: Exception) -> str:
    """What is wrong with an image; Pillow's own words name an object in memory where the image is not a file."""
    return "no known image format" if isinstance(error, Image.UnidentifiedImageError) else str(error)


class _Shard(NamedTuple):
    rows: dict[str, int]
    files: pa.ChunkedArray


@lru_cache(maxsize=OPEN)
def _open(shard: str, state: tuple[int, ...]) -> _Shard:
    """A shard in memory; ``state`` tells a file from another that took its place."""
    table = _read(shard)
    return _Shard({image: row for row, image in enumerate(table["image"].to_pylist())}, table["bytes"])


def _state(shard: str) -> tuple[int, ...]:
    try:
        about = Path(shard).stat()
    except OSError:
        return ()  # reading it will tell what is wrong
    return about.st_ino, about.st_mtime_ns, about.st_size


def _read(path: str | Path, columns: Sequence[str] = SCHEMA.names) -> pa.Table:
    table = read_strictly(Path(path), SCHEMA, "generated images", "generate", list(dict.fromkeys(["image", *columns])))
    twice = repeated(table["image"].to_pylist())
    if twice:
        raise UserError(f"image {twice[0]} is listed twice", where=path, expected="one row per image", do=AGAIN)
    return table


def _pixels(number: int, file: bytes) -> np.ndarray:
    try:
        with opened(file) as image:
            return np.array(image.convert("RGB"))
    except Exception as error:  # a broken file makes Pillow raise almost anything
        what = f"image number {number} (from 0) cannot be decoded: {fault(error)}"
        raise UserError(what, expected="complete PNG or JPEG files") from None
