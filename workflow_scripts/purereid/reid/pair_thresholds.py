"""From which cosine on two images are taken for one person, and how often that is wrong."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

STEPS = 100  # of Newton's method, which takes some ten
PENALTY = (
    1e-6  # on slope and offset of standardised cosines: kinds that do not overlap at all have no largest likelihood
)
FEW = 10  # pairs of persons below which a threshold is a guess
LEAST_DRAWS = 0.5  # share of the draws that must hold pairs of both kinds


class Pairs(NamedTuple):
    """Cosines of pairs of images, the highest first.

    Attributes:
        same: float64 [S], of one person; ``same_persons``: int [S], which.
        different: float64 [D], of two persons; ``different_persons``: int [D, 2], which.
    """

    same: np.ndarray
    same_persons: np.ndarray
    different: np.ndarray
    different_persons: np.ndarray


def pairs_of(features: np.ndarray, persons: np.ndarray, cameras: np.ndarray) -> Pairs:
    """All pairs of images but those of one known camera.

    Args:
        features: float32 [N, D] of length 1.
        persons: int [N], from 0.
        cameras: int [N], -1 unknown.
    """
    apart = (cameras[:, None] != cameras[None, :]) | (cameras[:, None] < 0)
    first, second = np.nonzero(np.triu(apart, 1))
    cosines = (features @ features.T)[first, second].astype(np.float64)
    order = np.argsort(-cosines, kind="stable")
    cosines, first, second = cosines[order], persons[first[order]], persons[second[order]]
    one = first == second
    return Pairs(cosines[one], first[one], cosines[~one], np.stack([first[~one], second[~one]], axis=1))


def thresholds(pairs: Pairs, rates: Sequence[float], *, draws: int, seed: int) -> list[dict]:
    """A threshold for each rate of false accepts (pairs of two persons that are taken for one).

    Returns:
        for each rate ``false_accepts``; ``threshold``, the smallest cosine from which on no more are accepted;
        ``true_accepts``, the share of the pairs of one person that are; of both 95 % intervals over the persons, drawn
        with replacement (a pair of two persons counts as often as both are drawn together), None where most draws hold
        pairs of one kind alone; ``false_accepts_found``; and ``few_pairs``, whether fewer than ten pairs of persons are
        accepted wrongly, so that a few look-alikes decide.
    """
    count = 1 + max(pairs.same_persons.max(), pairs.different_persons.max())
    rng, drawn = np.random.default_rng([seed, 1]), []
    for _ in range(draws):
        times = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)
        weights = times[pairs.same_persons], times[pairs.different_persons[:, 0]] * times[pairs.different_persons[:, 1]]
        if weights[0].any() and weights[1].any():
            drawn.append([accept(pairs, rate, *weights)[:2] for rate in rates])
    ones = np.ones(len(pairs.same)), np.ones(len(pairs.different))
    usable = len(drawn) >= max(LEAST_DRAWS * draws, 1)
    bounds = np.percentile(drawn, [2.5, 97.5], axis=0) if usable else None  # [2, rates, 2]
    found = []
    for place, rate in enumerate(rates):
        threshold, true, false = accept(pairs, rate, *ones)
        wrong = np.sort(pairs.different_persons[pairs.different >= threshold], axis=1)
        low_high = [None, None] if bounds is None else bounds[:, place].T.tolist()
        found.append(
            {
                "false_accepts": rate,
                "threshold": threshold,
                "threshold_interval": low_high[0],
                "true_accepts": true,
                "true_accepts_interval": low_high[1],
                "false_accepts_found": false,
                "few_pairs": len(np.unique(wrong, axis=0)) < FEW,
            }
        )
    return found


def accept(pairs: Pairs, rate: float, same: np.ndarray, different: np.ndarray) -> tuple[float, float, float]:
    """The smallest threshold at which at most a rate of the pairs of two persons is accepted, and both rates there.

    Args:
        pairs: see there.
        rate: 0 to 1.
        same, different: weights of the pairs, float [S] and [D].
    """
    shares = np.cumsum(different) / different.sum()
    beyond = int(np.searchsorted(shares, rate * (1 + 1e-12), side="right"))  # the first that must not be accepted
    threshold = float(np.nextafter(pairs.different[beyond], np.inf)) if beyond < len(shares) else -1.0
    true, false = (
        float(weights[cosines >= threshold].sum() / weights.sum())
        for weights, cosines in ((same, pairs.same), (different, pairs.different))
    )
    return threshold, true, false


def logistic(same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the log odds by maximum likelihood, with both kinds of pairs of equal weight together.

    Args:
        same, different: cosines float [S] and [D].
    """
    cosines = np.concatenate([same, different])
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in (same, different)])
    one = np.arange(len(cosines)) < len(same)
    mean, spread = cosines.mean(), max(float(cosines.std()), 1e-12)
    x = np.column_stack([(cosines - mean) / spread, np.ones_like(cosines)])
    found = np.zeros(2)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ found, -500, 500)))
        gradient = x.T @ (weights * (one - p)) - PENALTY * found
        curvature = (x * (weights * p * (1 - p))[:, None]).T @ x + PENALTY * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found + step * min(1.0, 5 / max(np.abs(step).max(), 1e-12))  # no leap where the curve is flat
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0] / spread), float(found[1] - found[0] * mean / spread)
