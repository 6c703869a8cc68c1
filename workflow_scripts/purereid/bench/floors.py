"""What the machine needs at least: plain products, and copies in memory."""

from collections.abc import Callable

import numpy as np
import torch

ROWS, COLUMNS = 1024, 2048  # of a tile; unequal, because NumPy halves the work of a square one that is symmetric
COPIED = 64 * 2**20  # bytes copied at a time, more than caches hold


def product(rows: np.ndarray, columns: np.ndarray) -> None:
    """All dot products, in float32 tiles that are thrown away."""
    buffer = np.empty(ROWS * COLUMNS, np.float32)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        for other in range(0, len(columns), COLUMNS):
            against = columns[other : other + COLUMNS]
            np.matmul(part, against.T, out=buffer[: len(part) * len(against)].reshape(len(part), -1))


def product_on(device: str, rows: np.ndarray, columns: np.ndarray) -> None:
    """The same on a device, in tiles of whole rows that stay there; features go there first."""
    if device == "cpu":
        product(rows, columns)
        return
    held = torch.tensor(columns, device=device).T
    for start in range(0, len(rows), ROWS):
        torch.tensor(rows[start : start + ROWS], device=device) @ held
    torch.cuda.synchronize()


def operations(number: float, device: str = "cpu") -> None:
    """At least so many floating-point operations, as float32 products of 1,024 x 2,048 by 2,048 x 2,048."""
    times = -(-number // (2 * ROWS * COLUMNS * COLUMNS))
    rows, columns = (torch.ones(size, COLUMNS, device=device) for size in (ROWS, COLUMNS))
    for _ in range(int(times)):
        if device == "cpu":
            product(rows.numpy(), columns.numpy())
        else:
            rows @ columns
    if device != "cpu":
        torch.cuda.synchronize()


def copying(number: int) -> Callable[[], None]:
    """What reads and writes so many bytes, in memory that is there before: a fresh page costs more than to copy it."""
    source, target = np.ones((2, min(COPIED, max(1, number))), np.uint8)

    def copy() -> None:
        for start in range(0, number, COPIED):
            size = min(COPIED, number - start)
            np.copyto(target[:size], source[:size])

    return copy
