"""The nearest images of a query, ordered anew by a verifier that looks at pairs of features."""

from collections.abc import Callable, Iterator

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES, block_rows, equal_images, refine

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
    of the query's own camera among them. Those at the same distance as the first image that is none are none either:
    the order of the gallery decides nothing.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features, as the encoder makes them.
        differ: logarithm float32 [N], at most 0, of the probability that features [N, D] and [N, D] are of different
            persons.
        candidates: at least 1.
        memory: bytes for one block of distances.

    Yields:
        [b, G] float32: that logarithm of candidates; half the squared distance of the others.
    """
    candidates = min(candidates, len(gallery))
    pairs = max(1, PAIR_BYTES // (4 * candidates * gallery.shape[1]))
    rows = min(block_rows(len(gallery), memory), pairs)
    lengths = np.square(gallery).sum(axis=1) / 2
    copies, originals = equal_images(gallery)
    for start in range(0, len(query), rows):
        own = query[start : start + rows]
        block = np.maximum(np.square(own).sum(axis=1)[:, None] / 2 - own @ gallery.T + lengths, 0)
        refine(own, gallery, block)
        block[:, copies] = block[:, originals]
        padded = np.pad(block, ((0, 0), (0, 1)), constant_values=np.inf)
        order = np.argpartition(padded, candidates, axis=1)  # the next image is at its place, all before it not farther
        nearest, distances = order[:, :candidates], np.take_along_axis(padded, order[:, : candidates + 1], axis=1)
        logarithm = differ(np.repeat(own, candidates, axis=0), gallery[nearest.reshape(-1)]).reshape(nearest.shape)
        chosen = np.where(distances[:, :-1] < distances[:, -1:], logarithm, distances[:, :-1])
        np.put_along_axis(block, nearest, chosen.astype(np.float32), axis=1)
        yield block
