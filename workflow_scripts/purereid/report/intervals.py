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


class Components(NamedTuple):
    """What single scores vary with: variances, in the square of their unit.

    The variance of a mean over P persons and S seeds is persons / P + seeds / S + rest / (P S). Estimates may be
    negative where the true value is near 0.

    Attributes:
        persons: between persons with their queries, each weighted with its number of queries over the mean number.
        seeds: between seeds, for any number of persons.
        rest: what a seed does to single persons, weighted likewise.
    """

    persons: float
    seeds: float
    rest: float


def components(values: np.ndarray, persons: np.ndarray) -> Components:
    """Variance components of crossed persons and seeds, by the mean squares of their two-way analysis.

    Args:
        values: float [S, Q] score of each query with each seed; S > 1, Q > 0.
        persons: int [Q] whom each query shows; of one person alone nothing is known (NaN).
    """
    parts = _parts(np.asarray(values, np.float64), persons)
    if parts.persons == 1:
        return Components(np.nan, np.nan, np.nan)
    return Components(
        persons=parts.persons * (parts.by_person - parts.both),
        seeds=parts.seeds * (parts.by_seed - parts.both),
        rest=parts.persons * parts.seeds * parts.both,
    )


def estimate(values: np.ndarray, persons: np.ndarray) -> Estimate:
    """The mean of all values, with its variance from persons and from seeds; of one seed, from persons alone.

    Args:
        values: float [S, Q] score of each query with each seed, or what each gains over another experiment; S, Q > 0.
        persons: int [Q] whom each query shows.
    """
    values = np.asarray(values, np.float64)
    parts, mean = _parts(values, persons), float(values.mean())
    if parts.persons == 1:
        return Estimate(mean, np.inf, 0.0, 1, parts.seeds)
    if parts.seeds == 1:
        return Estimate(mean, parts.by_person, 0.0, parts.persons, 1)
    return Estimate(mean, max(parts.by_person - parts.both, 0.0), parts.by_seed, parts.persons, parts.seeds)


class _Parts(NamedTuple):
    """Variances of the mean: by person and by seed, each with what both count, and that; NaN where there is but one."""

    by_person: float
    by_seed: float
    both: float
    persons: int
    seeds: int


def _parts(values: np.ndarray, persons: np.ndarray) -> _Parts:
    seeds, queries = values.shape
    _, owners, sizes = np.unique(persons, return_inverse=True, return_counts=True)
    count, means = len(sizes), values.mean(axis=1)
    if count == 1:
        return _Parts(np.nan, np.nan, np.nan, count, seeds)
    sums = np.array([np.bincount(owners, row) for row in values])
    pulls = (
        (sums - sizes * means[:, None]) * count / queries
    )  # of each person on the mean of each seed; their mean is 0
    common = pulls.mean(axis=0)
    by_person = float((common**2).sum() / (count * (count - 1)))
    if seeds == 1:
        return _Parts(by_person, np.nan, np.nan, count, seeds)
    both = float(((pulls - common) ** 2).sum() / (seeds * (seeds - 1) * count * (count - 1)))
    return _Parts(by_person, float(means.var(ddof=1) / seeds), both, count, seeds)


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
