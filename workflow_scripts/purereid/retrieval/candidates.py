"""Candidates for the nearest neighbours: the largest entries of each row of a fast, rounded product F F^T.

On the CPU a tile (the product of two blocks of images) serves both blocks. Each thread computes and looks through tiles
of its own: several threads in one product wait for each other. After the first tile few entries exceed the lowest
candidate of their image, so that selection costs little more than comparing each entry twice.

PyTorch, which takes seconds to import, is loaded only for devices and precisions that NumPy does not have.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from threading import Lock
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from purereid.retrieval.compiled import compiled
from purereid.threads import in_threads, slices, threads, torch_in_one_thread

TF32 = 2.0**-10  # of a float32 factor may be cut off on a GPU, if PyTorch is set so
SMALLEST = 256  # images per side of a tile, unless fewer are asked for: smaller ones take longer
STRIP = 512  # rows of a tile computed before they are looked through; fewer take longer, more leave the cache
SAMPLE = 128  # images from which the number of candidates is estimated
PAIR_COST = 0.006  # what bfloat16 saves for one entry of the product, over the cost of one more candidate


class Error(NamedTuple):
    """A value and the float32 dot product that it stands for differ by at most absolute + relative |value|."""

    absolute: float
    relative: float


Visit = Callable[[slice, slice, np.ndarray], None]  # takes rows and columns of a part of the product, and the part


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
        block: images per side of a tile, or fewer, so that all threads have tiles; on a GPU, rows of the product held
            at a time.
        device: computes the product.
        precision: its number format: ``fp32``, ``bf16`` (only on the CPU), or ``auto``: what promises less work.
        visit: is shown all that is computed of the product, by several threads, but no image to two at a time.
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

    from purereid.networks.precision import has_bf16

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
    lowest = np.full(len(features), -np.inf, np.float32)
    block = min(block, max(SMALLEST, -(-len(features) // (2 * threads()))))  # so that each thread has several tiles
    blocks = slices(len(features), block)
    tiles = [(i, i + apart) for apart in range(len(blocks)) for i in range(len(blocks) - apart)]  # few share a block
    locks = [Lock() for _ in blocks]
    if precision == "bf16":
        from purereid.retrieval.torch_products import multiply_bf16, round_to_bf16

        features, multiply, in_one_thread = round_to_bf16(features), multiply_bf16, torch_in_one_thread
    else:  # NumPy multiplies tiles as fast as PyTorch, or nearly twice as fast
        multiply, in_one_thread = np.matmul, partial(threadpool_limits, 1, user_api="blas")

    def work(tile: tuple[int, int]) -> None:
        first, second = tile
        buffer = np.empty(min(STRIP, block) * block, np.float32)
        for rows, columns in _parts(blocks[first], blocks[second]):
            shape = rows.stop - rows.start, columns.stop - columns.start
            part = buffer[: shape[0] * shape[1]].reshape(shape)
            multiply(features[rows], features[columns].T, out=part)
            with locks[first], locks[second] if second > first else nullcontext():
                if visit:
                    visit(rows, columns, part)
                keep_largest(part, rows.start, columns.start, images, values, lowest)

    with in_one_thread():
        in_threads(work, tiles)
    return images, values


def _parts(rows: slice, columns: slice) -> Iterator[tuple[slice, slice]]:
    """A tile in strips; of one on the diagonal, only what lies above it, and small squares with themselves."""
    for start in range(rows.start, rows.stop, STRIP):
        strip = slice(start, min(start + STRIP, rows.stop))
        if rows == columns:
            yield strip, strip
            if strip.stop < rows.stop:
                yield strip, slice(strip.stop, rows.stop)
        else:
            yield strip, columns


@compiled("void(f4[:, ::1], i8, i8, i4[:, ::1], f4[:, ::1], f4[::1])")
def keep_largest(
    part: np.ndarray, first: int, second: int, images: np.ndarray, values: np.ndarray, lowest: np.ndarray
) -> None:
    """Keep the largest values of each image among those kept and those of a part of the product.

    Args:
        part: the images first.. with the images second.., which are the same ones, or none of them.
        images, values: [N, w]; each row of values is a heap, its smallest value in front, and images follows it.
        lowest: [N], the fronts of the heaps.
    """
    width, columns = values.shape[1], part.shape[1]
    below = lowest[second : second + columns]
    larger = np.empty(columns, np.int32)
    for i in range(len(part)):
        row = part[i]
        for side in range(1 if first == second else 2):  # values of the row's image, then of those of the columns
            count = 0
            if side == 0:
                floor = lowest[first + i]
                for j in range(len(row)):  # written always, kept by counting: a jump that cannot be foreseen is slow
                    larger[count] = j
                    count += row[j] > floor
            else:
                for j in range(len(row)):
                    larger[count] = j
                    count += row[j] > below[j]
            for j in larger[:count]:
                owner, image = (second + j, first + i) if side else (first + i, second + j)
                heap, names, value = values[owner], images[owner], row[j]
                if value > heap[0] and owner != image:
                    place, child = 0, 1
                    while child < width:
                        if child + 1 < width and heap[child + 1] < heap[child]:
                            child += 1
                        if heap[child] >= value:
                            break
                        heap[place], names[place] = heap[child], names[child]
                        place, child = child, 2 * child + 1
                    heap[place], names[place] = value, image
                    lowest[owner] = heap[0]
