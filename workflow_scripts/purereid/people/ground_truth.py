"""Files of exact knowledge beside rendered images: key points, visible texture coordinates, scenes."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.chunks import in_chunks
from purereid.people.atlas import PARTS
from purereid.people.renderer import Rendering

KEYPOINT_FILES = {"keypoints-train.csv": ("train",), "keypoints-test.csv": ("query", "gallery")}
KEYPOINT_HEADER = "name:keypoints_y:keypoints_x"
LEAST_JOINTS = 4  # a person with fewer seen joints has no key points at all, as in the published files
UV_BATCH = 256


def keypoint_line(image: str, rendering: Rendering) -> str:
    """One row of the published format: the pixel (rounded down) of each seen joint, y list first, -1 if missing."""
    enough = rendering.visible.sum() >= LEAST_JOINTS
    y, x = np.where(rendering.visible[:, None] & enough, rendering.keypoints, -1).T.tolist()
    return f"{Path(image).name}: {y}: {x}"


def write_keypoints(folder: Path, splits: list[str], lines: list[str]) -> None:
    """Write the key-point files of train and test (gallery and query) images, by name."""
    for name, wanted in KEYPOINT_FILES.items():
        chosen = sorted(line for split, line in zip(splits, lines, strict=True) if split in wanted)
        (folder / name).write_text("\n".join([KEYPOINT_HEADER, *chosen]) + "\n", encoding="utf-8")


def write_scenes(path: Path, rows: list[dict]) -> None:
    """Write scene rows, by image."""
    pq.write_table(pa.Table.from_pylist(sorted(rows, key=lambda row: row["image"])), path)


def write_uv_maps(path: Path, maps: Iterable[tuple[str, bytes]], height: int, width: int) -> None:
    """Stream (image, bytes of uint8 [height, width, 3] = u, v, part) to an Arrow IPC file, zstd inside."""
    about = {"height": str(height), "width": str(width), "channels": "u,v,part", "parts": json.dumps(PARTS)}
    schema = pa.schema([("image", pa.string()), ("uv", pa.binary(height * width * 3))], metadata=about)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema, options=options) as writer:
        for batch in in_chunks(maps, UV_BATCH):
            columns = zip(zip(*batch, strict=True), schema, strict=True)
            writer.write_batch(pa.record_batch([pa.array(values, field.type) for values, field in columns], schema))


def read_uv_maps(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """(image, uint8 [height, width, 3]) of each row of a file written by ``write_uv_maps``."""
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        shape = (int(reader.schema.metadata[b"height"]), int(reader.schema.metadata[b"width"]), 3)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            for image, uv in zip(batch["image"].to_pylist(), batch["uv"].to_pylist(), strict=True):
                yield image, np.frombuffer(uv, np.uint8).reshape(shape)
