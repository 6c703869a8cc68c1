"""Heat maps as Arrow IPC: one row per image, read through a memory map.

Columns: ``image``; ``maps``, the bytes of uint8 [C, H, W]; ``step``, float32 [C], the value of one grey level. A map is
its grey levels times its step, the largest value of each channel being level 255. Levels are rounded, so the error is
half a step: at most 1/510 (0.2 %) of the channel's largest value.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from purereid.data.arrow import arrow_writer, open_arrow
from purereid.errors import UserError

LEVELS = 255
AGAIN = "make the heat maps again: delete the file and run the workflow"


def write_heatmaps(
    path: str | Path,
    channels: Sequence[str],
    size: tuple[int, int],
    batches: Iterable[tuple[Sequence[str], torch.Tensor]],
) -> None:
    """Write heat maps; equal arguments give equal bytes, and the file is whole or not there.

    Args:
        path: where to write.
        channels: C names.
        size: height and width.
        batches: (B names, float32 [B, C, H, W] with values of 0 and above); the tensors are overwritten.
    """
    schema = _schema(channels, size)
    with arrow_writer(path, schema) as writer:
        for images, maps in batches:
            writer.write_batch(_record_batch(schema, images, *quantise(maps)))


def quantise(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Grey levels uint8 [B, C, H, W] and steps float32 [B, C] of maps, which are overwritten."""
    step = maps.amax(dim=(2, 3)) / LEVELS
    factor = torch.where(step > 0, 1 / step, 0)
    return maps.mul_(factor[:, :, None, None]).add_(0.5).to(torch.uint8), step


class Heatmaps:
    """The heat maps of a file; those of an image are read when they are asked for.

    Cheap to hand to other processes, which open the file again.

    Attributes:
        images: N names, in the order of the file.
        channels: C names.
        size: height and width.

    Raises:
        UserError: no such file, or none written by ``write_heatmaps``.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        reader = _open(self.path)
        about = reader.schema.metadata
        self.channels: list[str] = json.loads(about[b"channels"])
        self.size = int(about[b"height"]), int(about[b"width"])
        self._batches = [reader.get_batch(number) for number in range(reader.num_record_batches)]
        self._starts = np.cumsum([0, *(batch.num_rows for batch in self._batches)])
        self.images: list[str] = [image for batch in self._batches for image in batch["image"].to_pylist()]
        self._rows = {image: row for row, image in enumerate(self.images)}

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, image: int | str) -> np.ndarray:
        """Maps float32 [C, H, W] of an image, given by its row or name.

        Raises:
            UserError: no image of that name.
            IndexError: no such row.
        """
        row = self._row_of(image) if isinstance(image, str) else range(len(self))[image]
        number = int(np.searchsorted(self._starts, row, "right")) - 1
        levels, step = (self._batches[number][name][row - self._starts[number]] for name in ("maps", "step"))
        levels = np.frombuffer(levels.as_buffer(), np.uint8).reshape(-1, *self.size)
        return levels * step.values.to_numpy()[:, None, None]

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)

    def _row_of(self, image: str) -> int:
        if image not in self._rows:
            raise UserError(
                f"{image} has no heat maps",
                where=self.path,
                expected="heat maps of every image that is asked for",
                do="give its key points to import_keypoints",
            )
        return self._rows[image]


def _schema(channels: Sequence[str], size: tuple[int, int]) -> pa.Schema:
    columns = [
        ("image", pa.string()),
        ("maps", pa.binary(len(channels) * size[0] * size[1])),
        ("step", pa.list_(pa.float32(), len(channels))),
    ]
    about = {"channels": json.dumps(list(channels)), "height": str(size[0]), "width": str(size[1])}
    return pa.schema(columns, metadata=about)


def _record_batch(schema: pa.Schema, images: Sequence[str], levels: torch.Tensor, step: torch.Tensor) -> pa.RecordBatch:
    maps = pa.py_buffer(levels.cpu().numpy())
    columns = [
        pa.array(images, pa.string()),
        pa.Array.from_buffers(schema.field("maps").type, len(images), [None, maps]),
        pa.FixedSizeListArray.from_arrays(pa.array(step.cpu().numpy().reshape(-1)), step.shape[1]),
    ]
    return pa.record_batch(columns, schema=schema)


def _open(path: Path) -> pa.RecordBatchFileReader:
    if not path.is_file():
        raise UserError("the heat maps do not exist", where=path, expected="a file written by make_heatmaps")
    try:
        reader = open_arrow(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"the heat maps cannot be read: {error}", where=path, do=AGAIN) from None
    if not _is_known(reader.schema):
        raise UserError(
            f"the heat maps have the columns {', '.join(reader.schema.names)}",
            where=path,
            expected="image, maps and step as make_heatmaps writes them",
            do=AGAIN,
        )
    return reader


def _is_known(schema: pa.Schema) -> bool:
    about = schema.metadata or {}
    if not {b"channels", b"height", b"width"} <= set(about):
        return False
    return schema == _schema(json.loads(about[b"channels"]), (int(about[b"height"]), int(about[b"width"])))
