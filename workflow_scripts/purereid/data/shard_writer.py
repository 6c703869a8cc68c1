"""Write shards of generated images; ``shards`` reads them. Two modules, so that a change here touches no reader."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import pandas as pd
import pyarrow as pa
import torch

from purereid.data.parquet import write_parquet
from purereid.data.shards import SCHEMA


def write_shard(path: str | Path, table: pd.DataFrame, files: Sequence[bytes]) -> None:
    """Write a shard; equal arguments give equal bytes, and the file is whole or not there.

    Args:
        path: where to write.
        table: one row per image: image (name, each once), source and pose (images of the index, "" where there is
            none), pid (intended identity, -1 none), seed, injected (how it was spoiled on purpose, "" if not), height
            and width in pixels.
        files: the images in the same order, each as a PNG or JPEG file.

    Raises:
        ValueError: not as many files as rows.
    """
    arrow = pa.Table.from_pandas(table.assign(bytes=list(files)), SCHEMA, preserve_index=False)
    # the images are compressed already, and no two are alike
    write_parquet(path, arrow.replace_schema_metadata(None), compression="none", use_dictionary=False)


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
