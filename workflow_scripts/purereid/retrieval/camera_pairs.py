"""Scores by camera pair: the queries of one camera against the gallery of one other camera."""

import numpy as np

from purereid.retrieval.matches import UNKNOWN
from purereid.retrieval.precision import precisions
from purereid.retrieval.ragged import Ragged
from purereid.retrieval.ranking import Ranking


def camera_pairs(ranking: Ranking, query_camids: np.ndarray, gallery_camids: np.ndarray) -> list[dict]:
    """Score each query camera on the images of each gallery camera alone.

    Args:
        ranking: made with ``in_cameras``.
        query_camids, gallery_camids: [Q] and [G] cameras, -1 unknown.

    Returns:
        one dict per pair, ordered by camera: query_camid, gallery_camid, queries (with a match in that camera), mAP,
        mAP_trapezoid, rank1 (fractions 0..1). Pairs without a match, such as a camera with itself, are left out.

    Raises:
        ValueError: a ranking made without ``in_cameras``.
    """
    if len(ranking.in_cameras) != ranking.good.sum():
        raise ValueError("the ranking was made without in_cameras")
    owners, images, ranks = ranking.in_cameras.T
    cameras = np.stack([query_camids[owners], gallery_camids[images]], axis=1)
    order = np.lexsort((ranks, cameras[:, 1], owners))  # by query, then by camera of the gallery
    order = order[(cameras[order] != UNKNOWN).all(axis=1)]
    cameras, owners, ranks = cameras[order], owners[order], ranks[order]
    new = np.flatnonzero((np.diff(owners, prepend=-1) != 0) | (np.diff(cameras[:, 1], prepend=UNKNOWN) != 0))
    AP, AP_trapezoid, _ = precisions(Ragged(ranks, np.append(new, len(ranks))))
    names, numbers = np.unique(cameras[new], axis=0, return_inverse=True)
    queries = np.bincount(numbers.ravel(), minlength=len(names))
    values = {"mAP": AP, "mAP_trapezoid": AP_trapezoid, "rank1": ranks[new] == 1}
    means = {name: np.bincount(numbers.ravel(), value, len(names)) / queries for name, value in values.items()}
    return [
        {"query_camid": int(query), "gallery_camid": int(gallery), "queries": int(queries[row])}
        | {name: float(value[row]) for name, value in means.items()}
        for row, (query, gallery) in enumerate(names)
    ]
