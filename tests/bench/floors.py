"""What the machine needs at least: plain products, and copies in memory."""

from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

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
    """So many floating-point operations, as float32 products of rows of 2,048 by 2,048 x 2,048."""
    rows, columns = (torch.ones(size, COLUMNS, device=device) for size in (ROWS, COLUMNS))
    left = -(-int(number) // (2 * COLUMNS * COLUMNS))
    while left > 0:
        part = rows[:left]
        left -= len(part)
        if device == "cpu":
            product(part.numpy(), columns.numpy())
        else:
            part @ columns
    if device != "cpu":
        torch.cuda.synchronize()


def operations_of(work: Callable[[], object]) -> int:
    """Floating-point operations of the products and convolutions that PyTorch does in some work."""
    in_place = {torch.ops.aten.addmm_: lambda _, rows, columns, **__: 2 * rows[0] * rows[1] * columns[1]}
    with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
        work()
    return counter.get_total_flops()


def copying(number: int) -> Callable[[], None]:
    """What reads and writes so many bytes, in memory that is there before: a fresh page costs more than to copy it."""
    source, target = np.ones((2, min(COPIED, max(1, number))), np.uint8)

    def copy() -> None:
        for start in range(0, number, COPIED):
            size = min(COPIED, number - start)
            np.copyto(target[:size], source[:size])

    return copy
