"""Cosine distances in blocks of queries, so that a query x gallery matrix is never held.

Of features of length 1, 1 - cos is half their squared difference. The product of all features is fast, but its rounding
errors, about 1e-6, are as large as the distances of nearly equal features. So the distances that the product finds to
be small are computed once more, from differences.
"""

from collections.abc import Iterator

import numpy as np

from purereid.errors import UserError
from purereid.retrieval.compiled import compiled
from purereid.threads import in_threads, slices, threads

BLOCK_BYTES = 256 * 2**20
CHUNK_BYTES = 2**21  # of distances that a thread works on: they stay in the cache
ROWS = 1024  # queries per product: more do not make it faster, much fewer make it slower
COLUMNS = 16_384  # gallery images per product; narrow parts of long rows are written slowly
NEAR = 1e-3  # distances below this share of the query's squared length are computed from differences
FIRST = 32  # numbers of a feature that are looked at first
LENGTH_ERROR = 1e-3  # by which the length of a feature may differ from 1
WINDOW = 256  # gallery images that stay in the cache while several queries are compared with some of them


def normalise(features: np.ndarray, *, in_place: bool = False) -> np.ndarray:
    """Features [N, D] with Euclidean length 1, float32; ``in_place`` changes the given array and makes no copy.

    Raises ValueError for a feature of length 0 and for numbers that are not finite.
    """
    features = np.asarray(features, np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features, dtype=np.float64))
    usable = (lengths > 0) & (lengths < np.inf)
    if not usable.all():
        raise ValueError(f"feature {int(np.argmin(usable))} has length 0 or numbers that are not finite")
    return np.divide(features, lengths[:, None].astype(np.float32), out=features if in_place else None)


def without_length_1(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features [N, D] that are not finite or not of length 1: their indices, ascending, and their lengths."""
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features))
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= LENGTH_ERROR))
    return wrong, lengths[wrong]


def check_lengths(features: np.ndarray) -> None:
    """Refuse features [N, D] that are not finite or not of length 1; raises UserError."""
    wrong, lengths = without_length_1(features)
    if len(wrong):
        raise UserError(
            f"{len(wrong)} features have not length 1, the first that of image {wrong[0]}: {lengths[0]:.4g}",
            expected="finite features, each divided by its Euclidean length",
        )


def cosine_blocks(
    query: np.ndarray, gallery: np.ndarray, memory: int = BLOCK_BYTES, device: str = "cpu"
) -> Iterator[np.ndarray]:
    """Cosine distances of consecutive queries to the whole gallery.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features of length 1.
        memory: bytes that one block may take; at least one query is in a block.
        device: computes the product; one other than the CPU holds the gallery and one block.

    Yields:
        [b, G] float32, 1 - cos, in 0..2 up to rounding: 0 for equal features, small ones exact to a share of about
        1e-5 of themselves; the same bits for gallery images whose features are the same. The next block overwrites it.

    Raises:
        ValueError: features that are no matrices of the same width, not finite or not of length 1.
    """
    query, gallery = np.asarray(query, np.float32), np.asarray(gallery, np.float32)
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise ValueError(f"features of queries {list(query.shape)} and of the gallery {list(gallery.shape)}")
    for features, side in ((query, "queries"), (gallery, "the gallery")):
        wrong, lengths = without_length_1(features)
        if len(wrong):
            raise ValueError(
                f"{len(wrong)} features of {side} have not length 1: number {wrong[0]} has {lengths[0]:.4g}"
            )
    copies, originals = equal_images(gallery)
    for start, block in _products(query, gallery, memory, device):
        np.subtract(1, block, out=block)
        refine(query[start : start + len(block)], gallery, block)
        block[:, copies] = block[:, originals]
        yield block


def _products(query: np.ndarray, gallery: np.ndarray, memory: int, device: str) -> Iterator[tuple[int, np.ndarray]]:
    """First query and dot products [b, G] of each block."""
    size = block_rows(len(gallery), memory)
    if str(device) != "cpu":
        from purereid.retrieval.torch_products import rows_of_product

        yield from zip(range(0, len(query), size), rows_of_product(query, gallery, size, device), strict=True)
        return
    buffer = np.empty((min(size, len(query)), len(gallery)), np.float32)
    for start in range(0, len(query), size):
        rows = query[start : start + size]
        block = buffer[: len(rows)]
        for column in range(0, len(gallery), COLUMNS):
            part = slice(column, column + COLUMNS)
            np.matmul(rows, gallery[part].T, out=block[:, part])
        yield start, block


def equal_images(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images whose features [N, D] are, bit by bit, those of an earlier image, and the first such image of each.

    A product may round equal columns differently, which would order these images by chance.
    """
    images = np.arange(len(features))
    for numbers in (FIRST, features.shape[1]):  # few features have even their first numbers in common
        codes = np.array([hash(features[image, :numbers].tobytes()) for image in images], np.int64)
        _, first, group, sizes = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        originals = images[first[group]]
        images, originals = images[sizes[group] > 1], originals[sizes[group] > 1]
    return images[images != originals], originals[images != originals]


def refine(query: np.ndarray, gallery: np.ndarray, distances: np.ndarray) -> None:
    """Compute small distances once more, from differences of the features.

    Args:
        query, gallery: [b, D] and [G, D] float32 features.
        distances: [b, G] float32, half the squared differences up to rounding; those below ``NEAR`` times the squared
            length of the query are changed. A pair gets the same bits wherever it stands.
    """
    query, gallery = np.ascontiguousarray(query), np.ascontiguousarray(gallery)
    limits = (NEAR * np.einsum("qd,qd->q", query, query)).astype(np.float32)

    def work(part: slice) -> None:
        refine_rows(query[part], gallery, limits[part], distances[part])

    in_threads(work, slices(len(query), max(1, -(-len(query) // (4 * threads())))))


@compiled("void(Array(f4, 2, 'C', True), Array(f4, 2, 'C', True), f4[::1], f4[:, ::1])", reorder_sums=True)
def refine_rows(query: np.ndarray, gallery: np.ndarray, limits: np.ndarray, distances: np.ndarray) -> None:
    """``refine`` in one thread; limits: [b], below which distances are computed once more."""
    for start in range(0, len(gallery), WINDOW):
        end = min(start + WINDOW, len(gallery))
        for i in range(len(query)):
            row, limit, near = distances[i], limits[i], np.int32(0)
            for j in range(start, end):
                near = np.int32(near + (row[j] < limit))
            if near == 0:  # so with most windows
                continue
            own = query[i]
            for j in range(start, end):
                if row[j] < limit:
                    other, total = gallery[j], np.float32(0)
                    for d in range(len(own)):
                        difference = own[d] - other[d]
                        total += difference * difference
                    row[j] = total / 2


def block_rows(gallery: int, memory: int) -> int:
    """How many rows of ``gallery`` float32 distances fit into ``memory`` bytes; at least 1, at most ``ROWS``."""
    return min(ROWS, max(1, memory // (4 * max(1, gallery))))
