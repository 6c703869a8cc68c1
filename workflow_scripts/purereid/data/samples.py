"""Samples of the training of a generator: the same conditions drawn again and again."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from purereid.data.parquet import read_strictly, write_parquet
from purereid.data.shard_writer import encode
from purereid.data.shards import decode
from purereid.errors import UserError

SCHEMA = pa.schema(
    [
        ("step", pa.int64()),
        ("number", pa.int32()),
        ("source", pa.string()),
        ("pose", pa.string()),
        ("target", pa.string()),
        ("bytes", pa.binary()),
    ]
)
AGAIN = "delete the file, so that the generator is trained again"


def write_samples(path: Path, conditions: pd.DataFrame | None, images: dict[int, torch.Tensor]) -> None:
    """Write samples; equal arguments give equal bytes, and the file is whole or not there.

    Args:
        path: where to write.
        conditions: columns source, pose, target, one row per sample; None where there is no generator.
        images: by step, uint8 [n, 3, H, W] of these conditions; without any, a table without rows is written.
    """
    tables = [
        conditions.assign(step=step, number=range(len(conditions)), bytes=encode(images[step], "png", 0))
        for step in sorted(images)
    ]
    frame = pd.concat(tables)[SCHEMA.names] if tables else SCHEMA.empty_table().to_pandas()
    table = pa.Table.from_pandas(frame, SCHEMA, preserve_index=False)
    write_parquet(path, table.replace_schema_metadata(None))


def read_samples(path: Path) -> pd.DataFrame:
    """Read samples.parquet, sorted by step and number.

    Returns:
        step, number (of the condition), source, pose, target (images of the index, "" where there is none), pixels
        (uint8 [H, W, 3], RGB, all of one size).

    Raises:
        UserError: the file is missing, damaged, empty or of another kind; a step that lacks a condition; a sample that
            is no image.
    """
    table = read_strictly(Path(path), SCHEMA, "samples", "train_gan").to_pandas()
    if table.empty:
        raise UserError("there are no samples", where=path, expected="images drawn during the training", do=AGAIN)
    conditions = ["number", "source", "pose", "target"]
    table = table.sort_values(["step", "number"], ignore_index=True)
    first = table.loc[table["step"] == table["step"].iloc[0], conditions].to_numpy(object)
    if not all(np.array_equal(rows.to_numpy(object), first) for _, rows in table.groupby("step")[conditions]):
        raise UserError("the steps show different conditions", where=path, expected="the same ones", do=AGAIN)
    return table.drop(columns="bytes").assign(pixels=_pixels(table["bytes"], path))


def _pixels(files: pd.Series, path: Path) -> list[np.ndarray]:
    try:
        return list(decode(files.tolist()).permute(0, 2, 3, 1).numpy())
    except UserError as error:
        raise UserError(f"the samples cannot be read: {error}", where=path, do=AGAIN) from None
