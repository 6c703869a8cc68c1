"""Affinity cluster preservation in which an identity decides about its own images alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.data.purified_table import purified_table
from purereid.purification.purifiers.lists import count_namings, reasons


def purify_strict(
    images: Sequence[str],
    pids: np.ndarray,
    indices: np.ndarray,
    probability: np.ndarray,
    *,
    threshold: float = 0.5,
    overlap: float = 0.1,
) -> pd.DataFrame:
    """Keep an image where an accepted list of its own identity names it.

    Lists are accepted as by ``purify_published``, but what they name of other identities stays dropped. An image that
    is alone in its identity is always dropped: only its own list could name it, and no list names its own image.

    Arguments, result and errors as for ``purify_published``; the score counts lists of the own identity alone.
    """
    namings = count_namings(pids, indices, probability, threshold, overlap)
    return purified_table(images, pids, namings.own > 0, namings.own_weight, reasons(namings))
