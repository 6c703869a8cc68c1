"""Queries of persons of whom some are not in the gallery: detection and identification."""

from collections.abc import Sequence

import numpy as np

FEW = 1.0  # unknown queries above a threshold, below which it is a guess


def open_set(
    cosines: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    false_alarms: Sequence[float],
) -> list[dict]:
    """How often the nearest image of a known person is right and above a threshold that unknown ones seldom reach.

    As in the tests, images of the same person and camera are left out, and so are queries of known persons without
    another image.

    Args:
        cosines: float [Q, G].
        query_pids, gallery_pids: int [Q] and [G]; queries of persons who are not in the gallery are unknown.
        query_camids, gallery_camids: int [Q] and [G], -1 unknown.
        false_alarms: shares of the unknown queries that may reach the threshold.

    Returns:
        for each of these ``false_alarms``, ``threshold``, ``detected_and_right``, known_queries, unknown_queries, and
        ``few_queries``, whether less than one unknown query may reach it, so that it is the highest of all. Nothing
        where there are no queries of either kind.
    """
    same = query_pids[:, None] == gallery_pids[None, :]
    left_out = same & (query_camids[:, None] == gallery_camids[None, :]) & (query_camids[:, None] >= 0)
    known, answered = same.any(axis=1), (same & ~left_out).any(axis=1)
    if not answered.any() or known.all() or not cosines.shape[1]:
        return []
    allowed = np.where(left_out, -np.inf, cosines)
    best, right = allowed.max(axis=1), gallery_pids[allowed.argmax(axis=1)] == query_pids
    unknown, found = np.sort(best[~known])[::-1], []
    for share in false_alarms:
        threshold = float(np.nextafter(np.float64(unknown[int(share * len(unknown))]), np.inf))
        found.append(
            {
                "false_alarms": share,
                "threshold": threshold,
                "detected_and_right": float((right & (best >= threshold))[answered].mean()),
                "known_queries": int(answered.sum()),
                "unknown_queries": len(unknown),
                "few_queries": share * len(unknown) < FEW,
            }
        )
    return found
