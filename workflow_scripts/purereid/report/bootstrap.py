"""Bootstrap intervals of a mean over queries, paired between experiments by equal draws."""

import numpy as np


def bootstrap_means(values: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Means of ``samples`` redraws of the queries, each with replacement (Efron, Annals of Statistics 1979).

    The draws depend on the seed and the number of queries alone. So the means of two experiments on the same queries
    are paired: their differences are a bootstrap of the difference.

    Args:
        values: [Q] one score per query, Q > 0.

    Returns:
        [samples] float64.
    """
    generator = np.random.default_rng(seed)
    means = np.empty(samples)
    for i in range(samples):  # one draw at a time: a samples x queries table would need hundreds of megabytes
        means[i] = values[generator.integers(0, len(values), len(values))].mean()
    return means


def interval(means: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval that holds the share ``level`` of the means."""
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
