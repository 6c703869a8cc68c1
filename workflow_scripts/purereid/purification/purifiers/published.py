"""Affinity cluster preservation, the published rule.

Of the published code (``purifying.py``) of "Generate and Purify: Efficient Person Data Generation for
Re-Identification" (Lu et al., IEEE TMM).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.data.purified_table import purified_table
from purereid.purification.purifiers.lists import count_namings, reasons


def purify_published(
    images: Sequence[str],
    pids: np.ndarray,
    indices: np.ndarray,
    probability: np.ndarray,
    *,
    threshold: float = 0.5,
    overlap: float = 0.1,
) -> pd.DataFrame:
    """Keep what the lists of each identity name that are like its longest list.

    The list of an image is its neighbours with a probability above ``threshold``. For each identity, M is the longest
    list of its images, the first in the order of the input on ties. A list of the identity is accepted where
    |M and list| / (|M or list| + 1e-4) >= ``overlap``; where M is empty, none is. All that accepted lists name is kept.

    What follows from it, and is kept here because it is the published rule:
        - Links are directed, and an image is in none of its own list: it stays only if some other list names it.
        - Images of other identities that an accepted list names stay too, under their own identity, even where all
          lists of their own identity are empty.
        - A list that has nothing in common with M is ignored, however long it is. Because of the 1e-4, one image in
          common out of ten is too little.
        - An image that is alone in its identity can keep others, and can be kept by others alone.

    Args:
        images: N names.
        pids: int64 [N], intended identities.
        indices, probability: [N, K1], nearest neighbours (each once) and the probability that they show one person.

    Returns:
        The table of ``data.purified_table``. The score is the sum of the probabilities with which accepted lists name
        the image: above 0 for kept images, 0 for the others.

    Raises:
        UserError: no images, an image listed twice, a probability that is no number of 0..1.
        ValueError: shapes or images that do not fit together.
    """
    namings = count_namings(pids, indices, probability, threshold, overlap)
    kept = namings.own + namings.other > 0
    return purified_table(images, pids, kept, namings.own_weight + namings.other_weight, reasons(namings))
