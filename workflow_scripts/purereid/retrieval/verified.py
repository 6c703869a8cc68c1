"""The nearest images of a query, ordered anew by a verifier that looks at pairs of features."""

from collections.abc import Callable, Iterator

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES, block_rows

PAIR_BYTES = 64 * 2**20  # of features that are compared at once


def verified_blocks(
    query: np.ndarray,
    gallery: np.ndarray,
    differ: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    candidates: int = 100,
    memory: int = BLOCK_BYTES,
) -> Iterator[np.ndarray]:
    """Distances of consecutive queries to the whole gallery, for ``rank_blocks``.

    Published evaluation of FD-GAN (Ge et al. 2018): images are ordered by the Euclidean distance of their features, and
    the first ``candidates`` among themselves by the probability that they show another person than the query. All
    others stay behind these, in their order. Candidates are chosen before anything is removed from the gallery, images
    of the query's own camera among them.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features, as the encoder makes them.
        differ: probability float32 [N] in 0..1 that features [N, D] and [N, D] are of different persons.
        candidates: at least 1.
        memory: bytes for one block of distances.

    Yields:
        [b, G] float32: the logarithm of that probability of candidates, at most 0; the squared distance of the others.
    """
    candidates = min(candidates, len(gallery))
    pairs = max(1, PAIR_BYTES // (4 * candidates * gallery.shape[1]))
    rows = min(block_rows(len(gallery), memory), pairs)
    lengths = np.square(gallery).sum(axis=1)
    for start in range(0, len(query), rows):
        own = query[start : start + rows]
        block = np.maximum(np.square(own).sum(axis=1)[:, None] - 2 * own @ gallery.T + lengths, 0)
        nearest = np.argpartition(block, candidates - 1, axis=1)[:, :candidates]
        different = differ(np.repeat(own, candidates, axis=0), gallery[nearest.reshape(-1)])
        logarithm = np.log(np.maximum(different, np.finfo(np.float32).tiny)).reshape(nearest.shape)
        np.put_along_axis(block, nearest, logarithm.astype(np.float32), axis=1)
        yield block
