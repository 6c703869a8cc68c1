"""Products that NumPy does not compute: on a GPU, and of bfloat16 numbers."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from purereid.threads import slices

ROWS = 1024  # images rounded at a time


def rows_of_product(rows: np.ndarray, columns: np.ndarray, block: int, device: str) -> Iterator[np.ndarray]:
    """Consecutive rows of ``rows columns^T``: float32 [b, C] in the memory of the CPU, made on a device.

    In full float32, unless PyTorch is told to use TF32.
    """
    held = torch.tensor(columns, device=device).T
    for start in range(0, len(rows), block):
        yield (torch.tensor(rows[start : start + block], device=device) @ held).cpu().numpy()


def from_rows(
    features: np.ndarray,
    width: int,
    block: int,
    device: str,
    visit: Callable[[slice, slice, np.ndarray], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates from whole rows of the product, on any device: int32 and float32 [N, width]."""
    held = torch.tensor(features, device=device)
    images, values = np.empty((len(held), width), np.int32), np.empty((len(held), width), np.float32)
    for rows in slices(len(held), block):
        product = held[rows] @ held.T
        if visit:
            visit(rows, slice(0, len(held)), product.cpu().numpy())
        product.diagonal(rows.start).fill_(-torch.inf)
        largest = product.topk(width, sorted=False)
        images[rows] = largest.indices.int().cpu()
        values[rows] = largest.values.cpu()
    return images, values


def largest_rounding(features: np.ndarray) -> float:
    """The largest length of what rounding to bfloat16 cuts off a feature."""
    parts = (torch.tensor(features[start : start + ROWS]) for start in range(0, len(features), ROWS))
    return max(float((part - part.bfloat16()).norm(dim=1).max()) for part in parts)


def round_to_bf16(features: np.ndarray) -> torch.Tensor:
    """The features as bfloat16, rounded in parts, so that no second copy in float32 is held."""
    rounded = torch.empty(features.shape, dtype=torch.bfloat16)
    for start in range(0, len(features), ROWS):
        rounded[start : start + ROWS] = torch.tensor(features[start : start + ROWS])
    return rounded


def multiply_bf16(rows: torch.Tensor, columns: torch.Tensor, out: np.ndarray) -> None:
    """Product of bfloat16 matrices, put into a float32 array."""
    torch.from_numpy(out).copy_(rows @ columns)
