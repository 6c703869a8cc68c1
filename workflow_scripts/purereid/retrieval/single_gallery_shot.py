"""CMC with one random gallery image per identity: the metric of the classic CUHK03 protocol."""

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES, cosine_blocks
from purereid.retrieval.matches import JUNK, matches


def single_gallery_shot(
    query: np.ndarray,
    gallery: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    *,
    generator: np.random.Generator,
    query_pictures: np.ndarray | None = None,
    gallery_pictures: np.ndarray | None = None,
    repeats: int = 10,
    ranks: int = 50,
    memory: int = BLOCK_BYTES,
) -> np.ndarray:
    """CMC of the single-gallery-shot metric (Li et al., DeepReID, CVPR 2014; Open-ReID and torchreid draw alike).

    After removal of junk one gallery image is drawn per identity, the query's own among its right images; the rank is
    that of the right image among those drawn, behind wrong ones at the same distance. Averaged over ``repeats`` draws,
    then over the queries with a match.
    There is no mAP under this metric: one right image remains.

    Args: as for ``rank``; ``generator`` makes the draws, query after query.

    Returns:
        [ranks] float64 CMC, fractions 0..1.

    Raises:
        ValueError: no query has a match; features of different width, not finite or not of length 1.
    """
    gallery_pids = np.asarray(gallery_pids)
    right, _ = matches(query_pids, gallery_pids, query_camids, gallery_camids, query_pictures, gallery_pictures)
    if not (right.lengths > 0).any():
        raise ValueError("no query has a match in the gallery")
    by_identity = np.argsort(gallery_pids, kind="stable")[np.count_nonzero(gallery_pids == JUNK) :]
    pids, starts, sizes = np.unique(gallery_pids[by_identity], return_index=True, return_counts=True)
    hits = np.zeros(ranks + 1)
    rows = (row for block in cosine_blocks(query, gallery, memory) for row in block)
    for i, (row, pid) in enumerate(zip(rows, query_pids, strict=True)):
        if right.lengths[i] == 0:
            continue
        draws = by_identity[starts + _below(generator, sizes, repeats)]
        own = right[i][_below(generator, right.lengths[i : i + 1], repeats)[:, 0]]
        places = np.count_nonzero(row[draws[:, pids != pid]] <= row[own][:, None], axis=1)
        hits += np.bincount(np.minimum(places, ranks), minlength=ranks + 1)
    return np.cumsum(hits)[:ranks] / (repeats * np.count_nonzero(right.lengths))


def _below(generator: np.random.Generator, sizes: np.ndarray, repeats: int) -> np.ndarray:
    """[repeats, len(sizes)] uniform whole numbers, each at least 0 and below its size."""
    return generator.integers(0, sizes, size=(repeats, len(sizes)))
