"""The control of all rules: chance."""

import numpy as np

WORDS = "random number"


def random_scores(number: int, generator: np.random.Generator) -> np.ndarray:
    """Random scores, float64 [number] in 0..1, so that ``keep_share`` keeps images by chance."""
    return generator.random(number)
