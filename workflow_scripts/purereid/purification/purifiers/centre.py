"""Simple rule: how near an image is to the centre of the real images of its intended identity."""

import numpy as np

from purereid.quality.consistency import distances_to_centres

WORDS = "minus squared distance to the centre of its identity's real images"


def centre_scores(features: np.ndarray, pids: np.ndarray, real: np.ndarray, real_pids: np.ndarray) -> np.ndarray:
    """Minus the squared distance to the centre, after ID^2 of Pose2ID (see ``distances_to_centres``).

    Args:
        features, pids: [N, D] and int64 [N], of the generated images, with their intended identities.
        real, real_pids: [M, D] and int64 [M], of real images, by the same encoder.

    Returns:
        float64 [N], -4..0.

    Raises:
        UserError: an identity has no real image.
        ValueError: a feature of length 0 or not a number.
    """
    return -distances_to_centres(features, pids, real, real_pids).astype(np.float64)
