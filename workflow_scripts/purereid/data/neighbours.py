"""Nearest neighbours as plain arrays."""

from typing import NamedTuple

import numpy as np


class Neighbours(NamedTuple):
    """The nearest others of each image: the most similar one first, equally similar ones by index."""

    indices: np.ndarray  # int32 [N, k]
    similarity: np.ndarray  # float32 [N, k], cosine, -1..1 up to rounding
