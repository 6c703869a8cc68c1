"""Whether a generated image shows the person it was meant to show, by the features of a reID network."""

import numpy as np

from purereid.errors import UserError
from purereid.retrieval.distances import normalise


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of features [N, D] and [N, D], row by row: float32 [N], -1..1 up to rounding.

    Raises ValueError for a feature of length 0.
    """
    return np.einsum("nd,nd->n", normalise(first), normalise(second))


def distances_to_centres(features: np.ndarray, pids: np.ndarray, real: np.ndarray, real_pids: np.ndarray) -> np.ndarray:
    """Squared Euclidean distance of each feature to the centre of its identity's real images.

    After ID^2 of Pose2ID (Yuan et al., From Poses to Identity, CVPR 2025). All features are given length 1 first; the
    centre is the mean of the real ones and therefore shorter.

    Args:
        features: [N, D], of the images to score.
        pids: int64 [N], who each should show.
        real, real_pids: [M, D] and int64 [M]. A scored image that is among them draws its centre towards itself.

    Returns:
        float32 [N], 0..4; lower is better.

    Raises:
        UserError: an identity has no real image.
        ValueError: a feature of length 0.
    """
    known, centres = _centres(real, real_pids)
    missing = np.setdiff1d(pids, known)
    if len(missing):
        raise UserError(
            f"{len(missing)} identities have no real image to be compared with",
            where=f"for instance pid {missing[0]}",
            expected="only identities of the real images",
        )
    return np.square(normalise(features) - centres[np.searchsorted(known, pids)]).sum(axis=1)


def nearest_centres(features: np.ndarray, real: np.ndarray, real_pids: np.ndarray) -> np.ndarray:
    """Identity whose centre, as in ``distances_to_centres``, is nearest to each feature; the smallest pid on ties.

    Args:
        features: [N, D], of the images to name.
        real, real_pids: [M, D] and int64 [M].

    Returns:
        int64 [N].

    Raises:
        ValueError: a feature of length 0.
    """
    known, centres = _centres(real, real_pids)
    distances = np.square(centres).sum(axis=1) - 2 * normalise(features) @ centres.T  # but for the feature's own length
    return known[np.argmin(distances, axis=1)]


def _centres(real: np.ndarray, real_pids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Identities int64 [K], ascending, and the mean feature of each, float32 [K, D]."""
    known, owner = np.unique(real_pids, return_inverse=True)
    centres = np.zeros((len(known), real.shape[1]), np.float32)
    np.add.at(centres, owner, normalise(real))
    return known, centres / np.bincount(owner)[:, None].astype(np.float32)
