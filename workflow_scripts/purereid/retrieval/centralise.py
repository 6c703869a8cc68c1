"""Neighbour feature centralisation (Yuan et al., From Poses to Identity: Training-Free Person Re-Identification via
Feature Centralization, CVPR 2025): each feature is moved towards its nearest ones.

Like re-ranking it takes all other test images as context, so its scores never stand beside plain ones under one name.
The variant computed here: cosine; the image itself is not among its neighbours; sums are normalised once more.
"""

import numpy as np
from scipy import sparse

from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import nearest_neighbours


def centralise(features: np.ndarray, *, k1: int = 2, k2: int = 2, device: str = "cpu") -> np.ndarray:
    """Add to each feature those of its mutual nearest neighbours.

    Args:
        features: [N, D] float32 of length 1: the queries and the gallery without junk.
        k1: nearest others of an image that may be added to it.
        k2: they are added if it is among this many nearest others of theirs. Both are at most N - 1 in effect.
        device: computes the product of all pairs.

    Returns:
        [N, D] float32 of length 1.

    Raises:
        ValueError: k1 or k2 below 1; features whose sum has length 0.
        UserError: fewer than two images; features not finite or not of length 1.
    """
    if k1 < 1 or k2 < 1:
        raise ValueError(f"k1 = {k1}, k2 = {k2}")
    k = max(1, min(max(k1, k2), len(features) - 1))
    nearest = nearest_neighbours(features, k, device=device, precision="fp32").indices
    mutual = _lists(nearest[:, :k1]).multiply(_lists(nearest[:, :k2]).T)
    return normalise(features + mutual @ features, in_place=True)


def _lists(neighbours: np.ndarray) -> sparse.csr_array:
    """Lists of neighbours [N, k] as float32 [N, N], 1 for each."""
    count, k = neighbours.shape
    ones = np.ones(count * k, np.float32)
    return sparse.csr_array((ones, neighbours.ravel(), np.arange(0, count * k + 1, k)), shape=(count, count))
