"""Keep the best images by a score, as many as asked: so that rules can be compared at the same kept share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.data.purified_table import check_scores, purified_table
from purereid.errors import UserError


def keep_share(images: Sequence[str], pids: np.ndarray, scores: np.ndarray, share: float, words: str) -> pd.DataFrame:
    """Keep the images with the highest scores among all, whatever their identity.

    Args:
        images: N names.
        pids: int64 [N], intended identities.
        scores: [N], higher is more trustworthy.
        share: of the images to keep, 0..1; the number is rounded, so that (images kept by another rule) / N keeps
            exactly as many.
        words: what the score is, for the reasons.

    Returns:
        The table of ``data.purified_table``; equal scores are kept in the order of the images. Share 0 keeps none.

    Raises:
        UserError: a share outside 0..1, a score that is not a finite number, no images, an image listed twice.
        ValueError: columns of different lengths.
    """
    if not 0 <= share <= 1:
        raise UserError(f"the share of images to keep is {share}", expected="a number of 0 to 1")
    scores = np.asarray(scores, np.float64)
    check_scores(images, scores)
    number = round(share * len(scores))
    place = np.empty(len(scores), np.int64)
    place[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    reasons = [
        f"{words} {score:.3f}: place {rank}, the first {number} of {len(scores)} are kept"
        for score, rank in zip(scores.tolist(), place.tolist(), strict=True)
    ]
    return purified_table(images, pids, place <= number, scores, reasons)
