"""Interval and p-value of a mean over queries, for other persons and other seeds than those at hand.

Queries of one person are alike, and so are those of one seed. Persons and seeds are crossed: every seed is scored on
every person. So the variance of the mean is that of persons plus that of seeds, less what both count (Cameron, Gelbach
and Miller, Journal of Business & Economic Statistics 2011). A bootstrap of so few seeds is too narrow, and so is an
interval by Satterthwaite's degrees of freedom. That of Banerjee (Biometrika 1960) gives each part the quantile of its
own degrees of freedom: it holds the true mean about as often as it says where most of the variance is that of the
seeds, and more often where persons have a large part.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

LEAST = 1e-15  # p-value below which none is told from another


class Estimate(NamedTuple):
    """A mean over queries.

    Attributes:
        mean: in the unit of the scores.
        persons_variance: of the mean, from the draw of persons; infinite for one person. With several seeds without
            what the seeds' variance holds already.
        seeds_variance: of the mean, from the draw of seeds; 0 for one seed.
        persons, seeds: how many there are.
    """

    mean: float
    persons_variance: float
    seeds_variance: float
    persons: int
    seeds: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Interval that holds the true mean with probability ``level``, 0 < level < 1."""
        half = self._half_width(1 - level)
        return self.mean - half, self.mean + half

    def p_value(self) -> float:
        """The largest share p for which 0 is outside of the interval of level 1 - p; at least ``LEAST``, at most 1."""
        low, high = np.log(LEAST), 0.0
        for _ in range(50):
            middle = (low + high) / 2
            outside = abs(self.mean) > self._half_width(np.exp(middle))
            low, high = (low, middle) if outside else (middle, high)
        return float(np.exp(high))

    def _half_width(self, outside: float) -> float:
        parts = ((self.persons_variance, self.persons), (self.seeds_variance, self.seeds))
        return float(np.sqrt(sum(variance * _quantile(count, outside) ** 2 for variance, count in parts if variance)))


def estimate(values: np.ndarray, persons: np.ndarray) -> Estimate:
    """The mean of all values, with its variance from persons and from seeds; of one seed, from persons alone.

    Args:
        values: float [S, Q] score of each query with each seed, or what each gains over another experiment; S, Q > 0.
        persons: int [Q] whom each query shows.
    """
    values = np.asarray(values, np.float64)
    seeds, queries = values.shape
    _, owners, sizes = np.unique(persons, return_inverse=True, return_counts=True)
    count, means = len(sizes), values.mean(axis=1)
    if count == 1:
        return Estimate(float(values.mean()), np.inf, 0.0, count, seeds)
    sums = np.array([np.bincount(owners, row) for row in values])
    pulls = (
        (sums - sizes * means[:, None]) * count / queries
    )  # of each person on the mean of each seed; their mean is 0
    common = pulls.mean(axis=0)
    by_person = (common**2).sum() / (count * (count - 1))
    if seeds == 1:
        return Estimate(float(values.mean()), float(by_person), 0.0, count, seeds)
    by_seed = means.var(ddof=1) / seeds
    both = ((pulls - common) ** 2).sum() / (seeds * (seeds - 1) * count * (count - 1))
    return Estimate(float(values.mean()), float(max(by_person - both, 0)), float(by_seed), count, seeds)


def _quantile(count: int, outside: float) -> float:
    """Of Student's distribution with count - 1 degrees of freedom, both tails together."""
    return float(-stdtrit(max(count - 1, 1), outside / 2))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values for several comparisons at once (Holm, Scandinavian Journal of Statistics 1979).

    If those of at most 5 % are called differences, at most 5 % of all tables call one that is none, however the
    comparisons depend on each other.

    Args:
        p_values: one for each comparison.

    Returns:
        [n] float64, each at least as large as before and at most 1, in the same order.
    """
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    return np.minimum(corrected, 1.0)
