"""Simple rule: how alike a generated image and the real image it was made from are."""

import numpy as np

from purereid.quality.consistency import cosines

WORDS = "cosine to the source image"


def source_scores(features: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Cosine of each image and its source.

    Args:
        features: [N, D], of the generated images.
        sources: [N, D], of the real image from which each was generated, by the same encoder.

    Returns:
        float64 [N], -1..1 up to rounding.

    Raises:
        ValueError: a feature of length 0 or not a number.
    """
    return cosines(features, sources).astype(np.float64)
