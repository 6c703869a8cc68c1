"""Candidates for the nearest neighbours: the largest entries of each row of a fast, rounded product F F^T.

On the CPU a tile (a product of two blocks of images) serves both blocks. After the first tile few entries exceed the
lowest candidate of their image, so that selection costs little more than comparing each entry once.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from purereid.training.precision import has_bf16

TF32 = 2.0**-10  # of a float32 factor may be cut off on a GPU, if PyTorch is set so
ROWS = 1024  # images rounded at a time
SAMPLE = 256  # images from which the number of candidates is estimated
PAIR_COST = 0.006  # what bfloat16 saves for one entry of the product, over the cost of one more candidate


class Error(NamedTuple):
    """A value and the float32 dot product that it stands for differ by at most absolute + relative |value|."""

    absolute: float
    relative: float


class Candidates(NamedTuple):
    """The w largest values of each row, in no order; without the image itself."""

    images: np.ndarray  # int32 [N, w]
    values: np.ndarray  # float32 [N, w]
    error: Error


def find_candidates(features: np.ndarray, k: int, block: int, device: torch.device, precision: str) -> Candidates:
    """Find so many candidates for each image that, for nearly all, the k nearest are certainly among them.

    Args:
        features: [N, D] float32 of length 1.
        k: neighbours wanted, 1..N - 1.
        block: images per side of a tile; on a GPU, rows of the product held at a time.
        device: computes the product.
        precision: its number format: ``fp32``, ``bf16`` (only on the CPU), or ``auto``: what promises less work.
    """
    tried = [precision]
    if precision == "auto":
        tried = ["fp32", "bf16"] if device.type == "cpu" and has_bf16(device) else ["fp32"]
    errors = {name: largest_error(features, name, device) for name in tried}
    widths = {name: needed_width(features, k, errors[name]) for name in tried}
    chosen = tried[-1] if widths[tried[-1]] - widths[tried[0]] < PAIR_COST * len(features) else tried[0]
    if device.type == "cpu":
        fast = features if chosen == "fp32" else _rounded(features, torch.bfloat16, device)
        found = from_tiles(fast, widths[chosen], block)
    else:
        found = from_rows(_rounded(features, torch.float32, device), widths[chosen], block)
    return Candidates(*found, errors[chosen])


def largest_error(features: np.ndarray, precision: str, device: torch.device) -> Error:
    """How far an entry of the product can lie from the float32 dot product of its two features.

    Rounded factors change the product of unit vectors by at most the length of what was cut off (Cauchy-Schwarz). A
    sum of D float32 products errs, in whatever order, by at most D 2^-24, in the entry and in the dot product
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    cut_off = 0.0 if device.type == "cpu" else TF32
    if precision == "bf16":
        parts = (torch.tensor(features[start : start + ROWS]) for start in range(0, len(features), ROWS))
        cut_off = max(float((part - part.bfloat16()).norm(dim=1).max()) for part in parts)
    absolute = 1.02 * 2 * (cut_off + features.shape[1] * 2.0**-24)  # 0.02 for lengths that are not quite 1
    return Error(absolute, 1.02 * 2.0**-8 if precision == "bf16" else 0.0)


def floors(values: np.ndarray, k: int, error: Error) -> np.ndarray:
    """For each row of values, the one below which an image cannot be among the k nearest."""
    kth = np.partition(values, -k, axis=1)[:, -k]
    return kth - 2.02 * (error.absolute + error.relative * np.abs(kth))  # either may be off; 0.02: by its own size


def needed_width(features: np.ndarray, k: int, error: Error) -> int:
    """How many candidates suffice for nearly every image, estimated from a sample; at most a few times k."""
    sample = np.arange(0, len(features), -(-len(features) // SAMPLE))
    values = features[sample] @ features.T
    values[np.arange(len(sample)), sample] = -np.inf
    possible = np.count_nonzero(values >= floors(values, k, error)[:, None], axis=1)
    return min(int(1.05 * np.quantile(possible, 0.98)) + 8, 4 * k + 64, len(features) - 1)


def from_rows(fast: torch.Tensor, width: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Candidates from whole rows of the product, on any device: int32 and float32 [N, width]."""
    images, values = np.empty((len(fast), width), np.int32), np.empty((len(fast), width), np.float32)
    for start in range(0, len(fast), block):
        product = (fast[start : start + block] @ fast.T).float()
        product.diagonal(start).fill_(-torch.inf)
        largest = product.topk(width, sorted=False)
        images[start : start + block] = largest.indices.int().cpu()
        values[start : start + block] = largest.values.cpu()
    return images, values


def from_tiles(fast: np.ndarray | torch.Tensor, width: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Candidates from one half of the product, on the CPU: int32 and float32 [N, width]."""
    best = _Best(len(fast), width)
    with ThreadPoolExecutor(1) as selector:  # selects from one tile while the next is computed
        selection = None
        for first, second, tile in _tiles(fast, block):
            if selection:
                selection.result()
            selection = selector.submit(best.add_tile, first, second, tile)
        selection.result()
    return best.images, best.values


def _rounded(features: np.ndarray, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    fast = torch.empty(features.shape, dtype=dtype, device=device)
    for start in range(0, len(features), ROWS):
        fast[start : start + ROWS] = torch.tensor(features[start : start + ROWS])
    return fast


def _tiles(fast: np.ndarray | torch.Tensor, block: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """The first images of two blocks and their product, for each pair of blocks; each block with itself first of all.

    A tile is overwritten by the one after the next.
    """
    starts = range(0, len(fast), block)
    pairs = [(i, i) for i in starts] + [(i, j) for i in starts for j in starts if i < j]
    buffers = [np.empty(min(block, len(fast)) ** 2, np.float32) for _ in range(2)]
    for number, (i, j) in enumerate(pairs):
        rows, columns = fast[i : i + block], fast[j : j + block]
        tile = buffers[number % 2][: len(rows) * len(columns)].reshape(len(rows), len(columns))
        if isinstance(fast, np.ndarray):  # in tiles NumPy's product is as fast as PyTorch's, or nearly twice as fast
            np.matmul(rows, columns.T, out=tile)
        else:
            torch.from_numpy(tile).copy_(rows @ columns.T)
        yield i, j, tile


class _Best:
    """The largest values of each row so far."""

    def __init__(self, count: int, width: int):
        self.images = np.full((count, width), -1, np.int32)
        self.values = np.full((count, width), -np.inf, np.float32)
        self.lowest = np.full(count, -np.inf, np.float32)  # of each row's values

    def add_tile(self, first: int, second: int, tile: np.ndarray) -> None:
        """Take what a tile offers to its rows, the images first.., and to its columns, the images second.."""
        if first == second:
            self._start(first, tile)
            return
        height, width = tile.shape
        places = np.flatnonzero(tile > self.lowest[first : first + height, None])
        self._add(first + places // width, second + places % width, tile.ravel()[places])
        places = np.flatnonzero(tile > self.lowest[second : second + width])
        places = places[np.argsort(places % width)]
        self._add(second + places % width, first + places // width, tile.ravel()[places])

    def _start(self, first: int, tile: np.ndarray) -> None:
        """The first values of the images first..: their products with each other."""
        np.fill_diagonal(tile, -np.inf)
        rows, width = slice(first, first + len(tile)), min(self.values.shape[1], len(tile))
        largest = np.argpartition(tile, -width, axis=1)[:, -width:]
        self.images[rows, :width] = first + largest
        self.values[rows, :width] = np.take_along_axis(tile, largest, axis=1)
        self.lowest[rows] = self.values[rows].min(axis=1)

    def _add(self, rows: np.ndarray, images: np.ndarray, values: np.ndarray) -> None:
        """Take single entries; ``rows`` ascend."""
        if len(rows) == 0:
            return
        width = self.values.shape[1]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        changed, counts = rows[starts], np.diff(starts, append=len(rows))
        place = np.repeat(np.arange(len(changed)), counts), width + np.arange(len(rows)) - np.repeat(starts, counts)
        all_values = np.full((len(changed), width + counts.max()), -np.inf, np.float32)
        all_images = np.empty(all_values.shape, np.int32)
        all_values[:, :width], all_images[:, :width] = self.values[changed], self.images[changed]
        all_values[place], all_images[place] = values, images
        largest = np.argpartition(all_values, -width, axis=1)[:, -width:]
        self.images[changed] = np.take_along_axis(all_images, largest, axis=1)
        self.values[changed] = kept = np.take_along_axis(all_values, largest, axis=1)
        self.lowest[changed] = kept.min(axis=1)
