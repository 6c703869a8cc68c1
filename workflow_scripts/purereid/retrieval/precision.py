"""Average precision, plain and trapezoid, and inverse negative penalty from the ranks of the right images."""

import numpy as np

from purereid.retrieval.ragged import Ragged


def precisions(hits: Ragged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AP, trapezoid AP and INP of each query.

    With r_i the rank of the i-th right image, the precision after it is P_i = i / r_i and just before it
    B_i = (i - 1) / (r_i - 1), or 1 if r_i = 1.

    - AP = mean P_i (scikit-learn >= 0.19, torchreid, fast-reid).
    - AP_trapezoid = mean (P_i + B_i) / 2 (evaluation code of Market-1501; Philbin et al., CVPR 2007). Never above AP.
    - INP = n / r_n (Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook", TPAMI 2021, eq. 5).

    Args:
        hits: for each query the ranks of its right images, 1-based, ascending.

    Returns:
        AP, AP_trapezoid, INP: [Q] float64 in 0..1, NaN for a query without a right image.
    """
    rank = hits.values.astype(np.float64)
    number = np.arange(len(rank)) - hits.bounds[:-1][hits.owners] + 1.0
    after = number / rank
    before = np.where(rank == 1, 1.0, (number - 1) / np.maximum(rank - 1, 1))
    return _mean(hits, after), _mean(hits, (after + before) / 2), _last(hits, after)


def _mean(hits: Ragged, values: np.ndarray) -> np.ndarray:
    total = np.bincount(hits.owners, weights=values, minlength=len(hits.lengths))
    return np.divide(total, hits.lengths, out=np.full(len(total), np.nan), where=hits.lengths > 0)


def _last(hits: Ragged, values: np.ndarray) -> np.ndarray:
    found = hits.lengths > 0
    last = np.full(len(found), np.nan)
    last[found] = values[hits.bounds[1:][found] - 1]
    return last
