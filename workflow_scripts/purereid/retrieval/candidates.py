"""Candidates for the nearest neighbours: the largest entries of each row of a fast, rounded product F F^T.

On the CPU a tile (a product of two blocks of images) serves both blocks. After the first tile few entries exceed the
lowest candidate of their image, so that selection costs little more than comparing each entry once.

PyTorch, which takes seconds to import, is loaded only for devices and precisions that NumPy does not have.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from purereid.retrieval.compiled import compiled

TF32 = 2.0**-10  # of a float32 factor may be cut off on a GPU, if PyTorch is set so
STRIP = 32  # rows of a tile looked at before the next: they stay in the cache
SAMPLE = 128  # images from which the number of candidates is estimated
PAIR_COST = 0.006  # what bfloat16 saves for one entry of the product, over the cost of one more candidate


class Error(NamedTuple):
    """A value and the float32 dot product that it stands for differ by at most absolute + relative |value|."""

    absolute: float
    relative: float


Visit = Callable[[int, int, np.ndarray], None]  # takes the first row and column of a part of the product, and the part


class Candidates(NamedTuple):
    """The w largest values of each row, in no order; without the image itself."""

    images: np.ndarray  # int32 [N, w]
    values: np.ndarray  # float32 [N, w]
    error: Error


def find_candidates(
    features: np.ndarray, k: int, block: int, device: str, precision: str, visit: Visit | None = None
) -> Candidates:
    """Find so many candidates for each image that, for nearly all, the k nearest are certainly among them.

    Args:
        features: [N, D] float32 of length 1.
        k: neighbours wanted, 1..N - 1.
        block: images per side of a tile; on a GPU, rows of the product held at a time.
        device: computes the product.
        precision: its number format: ``fp32``, ``bf16`` (only on the CPU), or ``auto``: what promises less work.
        visit: is shown all that is computed of the product, some rows of a tile after the other, on one thread.
    """
    tried = _precisions(device) if precision == "auto" else [precision]
    errors = {name: largest_error(features, name, device) for name in tried}
    widths = {name: needed_width(features, k, errors[name]) for name in tried}
    chosen = tried[-1] if widths[tried[-1]] - widths[tried[0]] < PAIR_COST * len(features) else tried[0]
    if device == "cpu":
        found = from_tiles(features, widths[chosen], block, chosen, visit)
    else:
        from purereid.retrieval.torch_products import from_rows

        found = from_rows(features, widths[chosen], block, device, visit)
    return Candidates(*found, errors[chosen])


def _precisions(device: str) -> list[str]:
    """In which numbers a device computes products that have the bound below."""
    if device != "cpu":
        return ["fp32"]
    import torch

    from purereid.training.precision import has_bf16

    return ["fp32", "bf16"] if has_bf16(torch.device(device)) else ["fp32"]


def largest_error(features: np.ndarray, precision: str, device: str = "cpu") -> Error:
    """How far an entry of the product can lie from the float32 dot product of its two features.

    Rounded factors change the product of unit vectors by at most the length of what was cut off (Cauchy-Schwarz). A
    sum of D float32 products errs, in whatever order, by at most D 2^-24, in the entry and in the dot product
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    cut_off = 0.0 if device == "cpu" else TF32
    if precision == "bf16":
        from purereid.retrieval.torch_products import largest_rounding

        cut_off = largest_rounding(features)
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


def from_tiles(
    features: np.ndarray, width: int, block: int, precision: str, visit: Visit | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates from one half of the product, on the CPU: int32 and float32 [N, width]."""
    images = np.full((len(features), width), -1, np.int32)
    values = np.full((len(features), width), -np.inf, np.float32)

    def use(first: int, second: int, tile: np.ndarray) -> None:
        columns = slice(second, second + tile.shape[1])
        for start in range(0, len(tile), STRIP):
            strip = tile[start : start + STRIP]
            rows = slice(first + start, first + start + len(strip))
            if visit:
                visit(rows.start, second, strip)
            take_largest(strip, rows.start, second, images[rows], values[rows])
            if first != second:
                take_largest_of_columns(strip, rows.start, images[columns], values[columns])

    with ThreadPoolExecutor(1) as selector:  # selects from one tile while the next is computed
        selection = None
        for first, second, tile in _tiles(features, block, precision):
            if selection:
                selection.result()
            selection = selector.submit(use, first, second, tile)
        selection.result()
    return images, values


def _tiles(features: np.ndarray, block: int, precision: str) -> Iterator[tuple[int, int, np.ndarray]]:
    """Products of blocks of images: first row, first column, float32 [b, c]; those on the diagonal come first.

    A tile is overwritten by the one after the next.
    """
    multiply = np.matmul  # in tiles as fast as PyTorch's product, or nearly twice as fast
    if precision == "bf16":
        from purereid.retrieval.torch_products import multiply_bf16 as multiply
        from purereid.retrieval.torch_products import round_to_bf16

        features = round_to_bf16(features)
    starts = range(0, len(features), block)
    pairs = [(i, i) for i in starts] + [(i, j) for i in starts for j in starts if i < j]
    buffers = [np.empty(min(block, len(features)) ** 2, np.float32) for _ in range(2)]
    for number, (i, j) in enumerate(pairs):
        rows, columns = features[i : i + block], features[j : j + block]
        tile = buffers[number % 2][: len(rows) * len(columns)].reshape(len(rows), len(columns))
        multiply(rows, columns.T, out=tile)
        yield i, j, tile


@compiled("void(f4[:, ::1], i8, i8, i4[:, ::1], f4[:, ::1])")
def take_largest(tile: np.ndarray, first: int, second: int, images: np.ndarray, values: np.ndarray) -> None:
    """Keep the largest values of each row, the images first.., among those kept and those of a tile.

    Each row of ``values`` is a heap, its smallest value in front; ``images`` follows it.
    """
    width = values.shape[1]
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            value = tile[i, j]
            if value > values[i, 0] and first + i != second + j:
                place, child = 0, 1
                while child < width:
                    if child + 1 < width and values[i, child + 1] < values[i, child]:
                        child += 1
                    if values[i, child] >= value:
                        break
                    values[i, place], images[i, place] = values[i, child], images[i, child]
                    place, child = child, 2 * child + 1
                values[i, place], images[i, place] = value, second + j


@compiled("void(f4[:, ::1], i8, i4[:, ::1], f4[:, ::1])")
def take_largest_of_columns(tile: np.ndarray, first: int, images: np.ndarray, values: np.ndarray) -> None:
    """The same for the columns of a tile, whose rows are the images first.., none of which is a column."""
    width = values.shape[1]
    lowest = values[:, 0].copy()
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            value = tile[i, j]
            if value > lowest[j]:
                place, child = 0, 1
                while child < width:
                    if child + 1 < width and values[j, child + 1] < values[j, child]:
                        child += 1
                    if values[j, child] >= value:
                        break
                    values[j, place], images[j, place] = values[j, child], images[j, child]
                    place, child = child, 2 * child + 1
                values[j, place], images[j, place] = value, first + i
                lowest[j] = values[j, 0]
