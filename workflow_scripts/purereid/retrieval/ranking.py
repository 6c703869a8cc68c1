"""Rank a gallery for every query: ranks of the right images, average precisions, nearest images."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES, cosine_blocks
from purereid.retrieval.matches import JUNK, matches
from purereid.retrieval.precision import precisions
from purereid.retrieval.ragged import Ragged


@dataclass(frozen=True)
class Ranking:
    """What became of Q queries after junk was removed; metrics, tables and pictures read this.

    Attributes:
        good: [Q] int32, number of right gallery images; 0 is a query without a match.
        first: [Q] int32, rank of the first right image, 1-based; 0 without a match.
        AP, AP_trapezoid, INP: [Q] float64 in 0..1; NaN without a match.
        tied: [Q] bool, whether a right and a wrong image at the same distance were ordered by their index.
        top_indices: [Q, T] int32, gallery indices of the nearest images; -1 beyond the end of the list.
        top_distances: [Q, T] float32, ascending; inf beyond the end.
        top_right: [Q, T] bool.
    """

    good: np.ndarray
    first: np.ndarray
    AP: np.ndarray
    AP_trapezoid: np.ndarray
    INP: np.ndarray
    tied: np.ndarray
    top_indices: np.ndarray
    top_distances: np.ndarray
    top_right: np.ndarray

    @property
    def without_match(self) -> int:
        """Number of queries that have no right gallery image."""
        return int(np.count_nonzero(self.good == 0))


def rank(
    query: np.ndarray,
    gallery: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    *,
    query_files: np.ndarray | None = None,
    gallery_files: np.ndarray | None = None,
    memory: int = BLOCK_BYTES,
    top: int = 10,
) -> Ranking:
    """Rank the gallery for each query by cosine distance, 1 - cos.

    Junk (see ``matches``) is removed; images at the same distance are ordered by gallery index, as by a stable sort.

    Args:
        query, gallery: [Q, D] and [G, D] float32 features of length 1 (see ``normalise``).
        query_pids, gallery_pids, query_camids, gallery_camids, query_files, gallery_files: see ``matches``.
        memory: bytes for one block of distances.
        top: how many nearest images to keep for each query.

    Raises:
        ValueError: a distance is not a finite number.
    """
    files = {"query_files": query_files, "gallery_files": gallery_files}
    blocks = cosine_blocks(query, gallery, memory)
    return rank_blocks(blocks, query_pids, gallery_pids, query_camids, gallery_camids, **files, top=top)


def rank_blocks(
    blocks: Iterable[np.ndarray],
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    *,
    query_files: np.ndarray | None = None,
    gallery_files: np.ndarray | None = None,
    top: int = 10,
) -> Ranking:
    """As ``rank``, from distances of consecutive queries, float32 [b, G] each, which are overwritten.

    For a given matrix of distances: ``rank_blocks(copied_blocks(distances), ...)``.
    """
    labels = matches(query_pids, gallery_pids, query_camids, gallery_camids, query_files, gallery_files)
    return _rank_blocks(blocks, np.asarray(gallery_pids), *labels, top)


def scores(ranking: Ranking, ranks: int = 50) -> dict:
    """Means over the queries that have a match, as fractions 0..1 (plain floats, ready for JSON).

    Returns:
        mAP, mAP_trapezoid, mINP, rank1, rank5, rank10 and ``cmc``, a list of ``ranks`` values: the share of queries
        whose first right image is among the first k.

    Raises:
        ValueError: no query has a match.
    """
    found = ranking.good > 0
    if not found.any():
        raise ValueError("no query has a match in the gallery")
    hits = np.bincount(np.minimum(ranking.first[found], ranks + 1), minlength=ranks + 2)[1:-1]
    cmc = np.cumsum(hits) / np.count_nonzero(found)
    return {
        "mAP": float(ranking.AP[found].mean()),
        "mAP_trapezoid": float(ranking.AP_trapezoid[found].mean()),
        "mINP": float(ranking.INP[found].mean()),
        **{f"rank{k}": float(np.mean(ranking.first[found] <= k)) for k in (1, 5, 10)},
        "cmc": cmc.tolist(),
    }


def _rank_blocks(
    blocks: Iterable[np.ndarray], gallery_pids: np.ndarray, right: Ragged, junk: Ragged, top: int
) -> Ranking:
    """Rank consecutive blocks of distances [b, G], which are overwritten."""
    queries = len(right.lengths)
    hits = np.empty(len(right.values), np.int64)
    tied = np.zeros(queries, bool)
    nearest = np.full((queries, top), -1, np.int32)
    distances = np.full((queries, top), np.inf, np.float32)
    never = np.flatnonzero(gallery_pids == JUNK)
    query = 0
    for block in blocks:
        if block.size and not np.isfinite(block.max()):
            raise ValueError(f"a distance of queries {query} to {query + len(block) - 1} is not a finite number")
        block[:, never] = np.inf
        for row in block:
            row[junk[query]] = np.inf
            ascending = np.sort(row)
            ranks, tied[query] = _hit_ranks(row, ascending, right[query])
            hits[right.bounds[query] : right.bounds[query + 1]] = ranks
            found = _nearest(row, ascending, top)
            nearest[query, : len(found)], distances[query, : len(found)] = found, row[found]
            query += 1
    return _summary(Ragged(hits, right.bounds), tied, nearest, distances, right)


def _hit_ranks(row: np.ndarray, ascending: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, bool]:
    """1-based ranks of the right images, ascending, and whether a wrong one lies at the same distance.

    Only values are sorted, never indices: a right image's rank is the number of smaller distances, plus that of equal
    ones of a lower index, plus one.
    """
    values = row[right]
    smaller = np.searchsorted(ascending, values, side="left")
    equal = np.searchsorted(ascending, values, side="right") - smaller
    ranks = smaller + 1
    for i in np.flatnonzero(equal > 1):
        ranks[i] += np.count_nonzero(row[: right[i]] == values[i])
    own = np.count_nonzero(values[:, None] == values, axis=1) if (equal > 1).any() else equal
    return np.sort(ranks), bool((equal > own).any())


def _nearest(row: np.ndarray, ascending: np.ndarray, top: int) -> np.ndarray:
    """Indices of the ``top`` nearest images that are not junk, ordered by (distance, index)."""
    top = min(top, int(np.searchsorted(ascending, np.inf)))
    if top == 0:
        return np.empty(0, np.int64)
    candidates = np.flatnonzero(row <= ascending[top - 1])
    return candidates[np.argsort(row[candidates], kind="stable")[:top]]


def _summary(hits: Ragged, tied: np.ndarray, nearest: np.ndarray, distances: np.ndarray, right: Ragged) -> Ranking:
    found = hits.lengths > 0
    first = np.zeros(len(found), np.int32)
    first[found] = hits.values[hits.bounds[:-1][found]]
    AP, AP_trapezoid, INP = precisions(hits)
    return Ranking(
        good=hits.lengths.astype(np.int32),
        first=first,
        AP=AP,
        AP_trapezoid=AP_trapezoid,
        INP=INP,
        tied=tied,
        top_indices=nearest,
        top_distances=distances,
        top_right=_is_right(nearest, right),
    )


def _is_right(nearest: np.ndarray, right: Ragged) -> np.ndarray:
    return np.array([np.isin(row, right[i]) for i, row in enumerate(nearest)], bool).reshape(nearest.shape)
