"""Which gallery images are right and which are junk for each query."""

import numpy as np

from purereid.retrieval.ragged import Ragged

JUNK = -1
UNKNOWN = -1


def matches(
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray | None = None,
    gallery_camids: np.ndarray | None = None,
    query_pictures: np.ndarray | None = None,
    gallery_pictures: np.ndarray | None = None,
) -> tuple[Ragged, Ragged]:
    """Right and junk gallery images of each query (protocol of Market-1501).

    Right: same identity, not junk. Junk: same identity seen by the same camera, if that camera is known (not -1), and
    the query's own picture, if codes of pictures are given. Gallery images of identity -1 are never right; they are
    junk for all queries and not repeated in the lists of junk.

    Args:
        query_pids: [Q] identities.
        gallery_pids: [G] identities; -1 is junk.
        query_camids, gallery_camids: [Q] and [G] cameras, -1 unknown; None: no camera is known.
        query_pictures, gallery_pictures: [Q] and [G] int codes, equal for equal pictures; -1 matches nothing. Without
            them a query that lies in the gallery under another camera, or where cameras are unknown, would find itself.

    Returns:
        right, junk: for each query the gallery indices, ascending.

    Raises:
        ValueError: labels of one side of different numbers.
    """
    sides = {
        "queries": (query_pids, query_camids, query_pictures),
        "gallery": (gallery_pids, gallery_camids, gallery_pictures),
    }
    for side, labels in sides.items():
        shapes = {np.shape(values) for values in labels if values is not None}
        if len(shapes) != 1:
            raise ValueError(f"labels of the {side} of different shapes: {sorted(shapes)}")
    same = _same_identity(np.asarray(query_pids), np.asarray(gallery_pids))
    junk = _equal(same, query_camids, gallery_camids) | _equal(same, query_pictures, gallery_pictures)
    real = np.asarray(gallery_pids)[same.values] != JUNK
    return same.where(real & ~junk), same.where(real & junk)


def _same_identity(query_pids: np.ndarray, gallery_pids: np.ndarray) -> Ragged:
    order = np.argsort(gallery_pids, kind="stable")  # stable: gallery indices of one identity stay ascending
    start = np.searchsorted(gallery_pids[order], query_pids, side="left")
    end = np.searchsorted(gallery_pids[order], query_pids, side="right")
    bounds = np.concatenate([[0], np.cumsum(end - start)])
    inside = np.arange(bounds[-1]) - np.repeat(bounds[:-1], end - start)
    return Ragged(order[np.repeat(start, end - start) + inside], bounds)


def _equal(pairs: Ragged, query: np.ndarray | None, gallery: np.ndarray | None) -> np.ndarray:
    """[total] whether query and gallery image of each pair have the same known camera or file."""
    if query is None or gallery is None:
        return np.zeros(len(pairs.values), bool)
    mine = np.asarray(query)[pairs.owners]
    return (mine == np.asarray(gallery)[pairs.values]) & (mine != UNKNOWN)
