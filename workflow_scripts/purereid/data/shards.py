"""Shards of generated images: Parquet files with one row per image, which hold the images themselves.

In an index the path of a generated image is that of its shard and its name:
``results/people/generate/posegan/train/0-of-2/images.parquet/generated/posegan/train/0000012.png``.
"""

import io
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image

from purereid.data.atomic import whole_file
from purereid.data.parquet import read_strictly
from purereid.errors import UserError

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("source", pa.string()),
        ("pose", pa.string()),
        ("pid", pa.int64()),
        ("seed", pa.int64()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("bytes", pa.binary()),
    ]
)
ENDING = ".parquet"
OPEN = 4  # shards kept in memory by ``image_bytes``
AGAIN = "make the generated images again: delete the file and run the workflow"
LOCK = threading.Lock()


def write_shard(path: str | Path, table: pd.DataFrame, files: Sequence[bytes]) -> None:
    """Write a shard; equal arguments give equal bytes, and the file is whole or not there.

    Args:
        path: where to write.
        table: one row per image: image (name, each once), source and pose (images of the index, "" where there is
            none), pid (intended identity, -1 none), seed, height and width in pixels.
        files: the images in the same order, each as a PNG or JPEG file.

    Raises:
        ValueError: not as many files as rows.
    """
    arrow = pa.Table.from_pandas(table.assign(bytes=list(files)), SCHEMA, preserve_index=False)
    with whole_file(Path(path)) as temporary:
        # the images are compressed already, and no two are alike
        pq.write_table(arrow.replace_schema_metadata(None), temporary, compression="none", use_dictionary=False)


def read_shard(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a shard, all columns of ``SCHEMA`` or some of them, in the order of the file.

    Raises:
        UserError: no such file, a truncated or damaged one, other columns, empty cells, an image listed twice.
    """
    return _read(path).select(list(columns or SCHEMA.names)).to_pandas()


def encode(images: torch.Tensor, kind: str, quality: int, threads: int = 1) -> list[bytes]:
    """Turn pixels into files.

    Args:
        images: uint8 [B, 3, H, W], RGB.
        kind: ``png`` (exact) or ``jpeg``.
        quality: of JPEG, 1 to 100.
        threads: images encoded at once; the result does not depend on it.
    """
    ending, options = {"png": (".png", []), "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])}[kind]
    pixels = images.permute(0, 2, 3, 1).flip(3).contiguous().cpu().numpy()  # OpenCV takes BGR
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda image: cv2.imencode(ending, image, options)[1].tobytes(), pixels))


def decode(files: Sequence[bytes]) -> torch.Tensor:
    """Turn files of B images of one size into pixels uint8 [B, 3, H, W], RGB.

    Raises:
        UserError: a file that is no image or truncated, images of several sizes, no files.
    """
    images = [_pixels(number, file) for number, file in enumerate(files)]
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


def _read(path: str | Path) -> pa.Table:
    table = read_strictly(Path(path), SCHEMA, "generated images", "generate")
    names = table["image"].to_pylist()
    if len(set(names)) < len(names):
        seen: set[str] = set()
        first = next(image for image in names if image in seen or seen.add(image))
        raise UserError(f"image {first} is listed twice", where=path, expected="one row per image", do=AGAIN)
    return table


def _pixels(number: int, file: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(file)) as image:
            return np.array(image.convert("RGB"))
    except Exception as error:  # a broken file makes Pillow raise almost anything
        what = f"image number {number} (from 0) cannot be decoded: {fault(error)}"
        raise UserError(what, expected="complete PNG or JPEG files") from None
