"""Files of exact knowledge beside rendered images: key points, visible texture coordinates, scenes."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from purereid.data.arrow import arrow_writer, open_arrow
from purereid.data.atomic import write_text
from purereid.data.chunks import in_chunks
from purereid.data.content_digest import check_digest
from purereid.data.parquet import write_parquet
from purereid.errors import UserError
from purereid.people.atlas import PARTS
from purereid.people.renderer import Rendering

KEYPOINT_FILES = {"keypoints-train.csv": ("train", "val"), "keypoints-test.csv": ("query", "gallery")}
KEYPOINT_HEADER = "name:keypoints_y:keypoints_x"
LEAST_JOINTS = 4  # a person with fewer seen joints has no key points at all, as in the published files
UV_BATCH = 256
AGAIN = "delete results/DATASET/render_people, so that it is made again"


def keypoint_line(image: str, rendering: Rendering) -> str:
    """One row of the published format: the pixel (rounded down) of each seen joint, y list first, -1 if missing."""
    enough = rendering.visible.sum() >= LEAST_JOINTS
    y, x = np.where(rendering.visible[:, None] & enough, rendering.keypoints, -1).T.tolist()
    return f"{Path(image).name}: {y}: {x}"


def write_keypoints(folder: Path, splits: list[str], lines: list[str]) -> None:
    """Write the key-point files of train (and validation) and test (gallery and query) images, by name."""
    for name, wanted in KEYPOINT_FILES.items():
        chosen = sorted(line for split, line in zip(splits, lines, strict=True) if split in wanted)
        write_text(folder / name, "\n".join([KEYPOINT_HEADER, *chosen]) + "\n")


def write_scenes(path: Path, rows: list[dict]) -> None:
    """Write scene rows, by image."""
    write_parquet(path, pa.Table.from_pylist(sorted(rows, key=lambda row: row["image"])))


def read_scenes(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read scene rows, all columns or some.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        check_digest(path)
        return pd.read_parquet(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"the scenes cannot be read: {error}", where=path, do=AGAIN) from None


def write_uv_maps(path: Path, maps: Iterable[tuple[str, bytes]], height: int, width: int) -> None:
    """Stream (image, bytes of uint8 [height, width, 3] = u, v, part) to an Arrow IPC file, zstd inside."""
    about = {"height": str(height), "width": str(width), "channels": "u,v,part", "parts": json.dumps(PARTS)}
    schema = pa.schema([("image", pa.string()), ("uv", pa.binary(height * width * 3))], metadata=about)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with arrow_writer(path, schema, options) as writer:
        for batch in in_chunks(maps, UV_BATCH):
            columns = zip(zip(*batch, strict=True), schema, strict=True)
            writer.write_batch(pa.record_batch([pa.array(values, field.type) for values, field in columns], schema))


def read_uv_maps(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """(image, uint8 [height, width, 3]) of each row of a file written by ``write_uv_maps``.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        reader = open_arrow(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"the texture coordinates cannot be read: {error}", where=path, do=AGAIN) from None
    shape = (int(reader.schema.metadata[b"height"]), int(reader.schema.metadata[b"width"]), 3)
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        for image, uv in zip(batch["image"].to_pylist(), batch["uv"].to_pylist(), strict=True):
            yield image, np.frombuffer(uv, np.uint8).reshape(shape)
