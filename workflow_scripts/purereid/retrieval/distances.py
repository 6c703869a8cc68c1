"""Cosine distances in blocks of queries, so that a query x gallery matrix is never held."""

from collections.abc import Iterator

import numpy as np

BLOCK_BYTES = 256 * 2**20
ROWS = 1024  # queries per product: more do not make it faster, much fewer make it slower
COLUMNS = 16_384  # gallery images per product; narrow parts of long rows are written slowly


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


def cosine_blocks(
    query: np.ndarray, gallery: np.ndarray, memory: int = BLOCK_BYTES, device: str = "cpu"
) -> Iterator[np.ndarray]:
    """Cosine distances of consecutive queries to the whole gallery.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features of length 1.
        memory: bytes that one block may take; at least one query is in a block.
        device: computes the product; one other than the CPU holds the gallery and one block.

    Yields:
        [b, G] float32, 1 - cos, in 0..2 up to rounding. The next block overwrites it.

    Raises:
        ValueError: features that are no matrices of the same width.
    """
    query, gallery = np.asarray(query, np.float32), np.asarray(gallery, np.float32)
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise ValueError(f"features of queries {list(query.shape)} and of the gallery {list(gallery.shape)}")
    if str(device) != "cpu":
        from purereid.retrieval.torch_products import rows_of_product

        for block in rows_of_product(query, gallery, block_rows(len(gallery), memory), device):
            yield np.subtract(1, block, out=block)
        return
    buffer = np.empty((min(block_rows(len(gallery), memory), len(query)), len(gallery)), np.float32)
    for start in range(0, len(query), max(1, len(buffer))):
        rows = query[start : start + len(buffer)]
        block = buffer[: len(rows)]
        for column in range(0, len(gallery), COLUMNS):
            part = slice(column, column + COLUMNS)
            np.matmul(rows, gallery[part].T, out=block[:, part])
        yield np.subtract(1, block, out=block)


def block_rows(gallery: int, memory: int) -> int:
    """How many rows of ``gallery`` float32 distances fit into ``memory`` bytes; at least 1, at most ``ROWS``."""
    return min(ROWS, max(1, memory // (4 * max(1, gallery))))
