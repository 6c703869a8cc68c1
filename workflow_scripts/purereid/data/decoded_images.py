"""Decoded images in a memory-mapped Arrow file: far more of them than fit into memory.

An image lies in the file at its own size, or at the size asked for where that is smaller: a million images of 128 x 64
take 25 GB, on the disk and of what the system keeps in memory of it, and not the 98 GB of 256 x 128. Stretching one
again for each batch takes some 50 us.
"""

import mmap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import torch

from purereid.data.images import decoded, resize

SCHEMA = pa.schema([("height", pa.int32()), ("width", pa.int32()), ("pixels", pa.binary())])
CHUNK = 1024  # images decoded before they are written


def write_decoded(
    file: BinaryIO, paths: Sequence[str], height: int, width: int, threads: int = 1, resizing: str = "opencv"
) -> None:
    """Decode images into a file.

    Args:
        file: open for writing.
        paths: N image files, or images in shards.
        height, width: size in pixels to which ``DecodedImages`` is going to stretch them.
        threads: files decoded at once.
        resizing: as for ``resize``.

    Raises:
        UserError: as ``read_image``.
    """

    def load(path: str) -> np.ndarray:
        with decoded(path) as image:
            return resize(image, height, width, resizing) if image.size > 3 * height * width else image

    with ThreadPoolExecutor(threads) as pool, pa.ipc.new_file(file, SCHEMA) as writer:
        for start in range(0, len(paths), CHUNK):
            images = list(pool.map(load, paths[start : start + CHUNK]))
            heights, widths, _ = zip(*(image.shape for image in images), strict=True)
            columns = {"height": heights, "width": widths, "pixels": [image.tobytes() for image in images]}
            writer.write(pa.record_batch(columns, SCHEMA))


class DecodedImages:
    """Images of a file by ``write_decoded``. Several processes can read one file.

    Args:
        file: open for reading; it is mapped, and may be closed or deleted afterwards.
        height, width, resizing: size in pixels to which every image is stretched, and how, as for ``write_decoded``.
    """

    def __init__(self, file: BinaryIO, height: int, width: int, resizing: str = "opencv"):
        self.size, self.resizing = (height, width), resizing
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        table = pa.ipc.open_file(pa.py_buffer(mapped)).read_all()
        self.heights, self.widths = (table[name].to_numpy() for name in ("height", "width"))
        self.pixels = table["pixels"]

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, rows: torch.Tensor) -> list[np.ndarray]:
        """B images uint8 [H, W, 3], RGB, of rows int64 [B]; not to be written to."""
        return [resize(self._image(row), *self.size, self.resizing) for row in rows.tolist()]

    def _image(self, row: int) -> np.ndarray:
        pixels = np.frombuffer(self.pixels[row].as_buffer(), np.uint8)
        return pixels.reshape(self.heights[row], self.widths[row], 3)
