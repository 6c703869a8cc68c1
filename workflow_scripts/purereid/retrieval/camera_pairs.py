"""Scores by camera pair: the queries of one camera against the gallery of one other camera."""

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES
from purereid.retrieval.matches import UNKNOWN
from purereid.retrieval.ranking import Ranking, rank


def camera_pairs(
    query: np.ndarray,
    gallery: np.ndarray,
    query_pids: np.ndarray,
    gallery_pids: np.ndarray,
    query_camids: np.ndarray,
    gallery_camids: np.ndarray,
    *,
    memory: int = BLOCK_BYTES,
) -> list[dict]:
    """Score each query camera on the images of each gallery camera alone.

    Arguments as for ``rank``. The gallery is ranked once more in total, one camera's images at a time.

    Returns:
        one dict per pair, ordered by camera: query_camid, gallery_camid, queries (with a match in that camera), mAP,
        mAP_trapezoid, rank1 (fractions 0..1). Pairs without a match, such as a camera with itself, are left out.
    """
    rows = []
    for camera in np.unique(gallery_camids[gallery_camids != UNKNOWN]):
        seen = gallery_camids == camera
        cameras = query_camids, gallery_camids[seen]
        ranking = rank(query, gallery[seen], query_pids, gallery_pids[seen], *cameras, memory=memory, top=1)
        for query_camera in np.unique(query_camids[(ranking.good > 0) & (query_camids != UNKNOWN)]):
            found = (query_camids == query_camera) & (ranking.good > 0)
            rows.append(_row(int(query_camera), int(camera), ranking, found))
    return sorted(rows, key=lambda row: (row["query_camid"], row["gallery_camid"]))


def _row(query_camera: int, gallery_camera: int, ranking: Ranking, found: np.ndarray) -> dict:
    return {
        "query_camid": query_camera,
        "gallery_camid": gallery_camera,
        "queries": int(np.count_nonzero(found)),
        "mAP": float(ranking.AP[found].mean()),
        "mAP_trapezoid": float(ranking.AP_trapezoid[found].mean()),
        "rank1": float(np.mean(ranking.first[found] == 1)),
    }
