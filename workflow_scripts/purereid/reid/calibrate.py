"""How sure one may be that two images show one person, from persons that the training did not see (rule ``calibrate``).

Pairs of test images are compared whose persons are known: of persons that some query shows, so that distractors, who
may be anybody, are left out; where cameras are known, pairs from different cameras alone, as in the tests.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from purereid.data.atomic import write_text
from purereid.data.features import read_features
from purereid.data.index import read_index
from purereid.errors import UserError
from purereid.report.plot_calibration import plot_calibration
from purereid.retrieval.distances import normalise

FALSE_ACCEPTS = (0.01, 0.001, 0.0001)
FALSE_ALARMS = (0.1, 0.01)
BINS = 4000  # of the cosine, -1 to 1
STEPS = 50  # of Newton's method
FEW = 10  # false accepts below which a threshold is a guess


class Pairs(NamedTuple):
    """Pairs of N images.

    Attributes:
        cosines: float32 [N, N].
        same, different: bool [N, N], above the diagonal: which pairs count, and as what.
        persons: int64 [N], from 0.
    """

    cosines: np.ndarray
    same: np.ndarray
    different: np.ndarray
    persons: np.ndarray


def calibrate(
    *,
    index: Path,
    features: Sequence[Path],
    calibration: Path,
    plot: Path,
    experiment: str,
    seed: int,
    images: int,
    bootstrap: int,
    draw: int,
) -> None:
    """Write what cosines mean.

    Args:
        index: the data set on which the encoder is tested.
        features: of its test images.
        calibration: JSON that is written: numbers of images, persons and pairs; ``thresholds``, for each rate of false
            accepts (pairs of two persons that are taken for one) the cosine from which on a pair is accepted, the rate
            of true accepts, and of both 95 % intervals over the persons; ``logistic``, slope and offset of the log odds
            of one person where both cases are equally likely beforehand; ``open_set``, where half of the persons are
            unknown: for each rate of unknown queries that raise an alarm, the threshold, and the rate of known queries
            whose nearest image is above it and right.
        plot: PNG that is written: cosines of both kinds, and the ROC.
        experiment, seed: for the titles.
        images: at most about so many, of persons drawn at random.
        bootstrap: draws of the persons for the intervals.
        draw: seed of all draws.

    Raises:
        UserError: no pairs of one person, or of two.
    """
    rows = _of_known(read_index(index), images, draw)
    pairs = _pairs(rows, read_features(features, rows["image"].tolist())[1], index)
    edges = np.linspace(-1, 1, BINS + 1)
    place = np.clip(np.digitize(pairs.cosines, edges) - 1, 0, BINS - 1).astype(np.int32)
    counts = [np.bincount(place[mask], minlength=BINS) for mask in (pairs.same, pairs.different)]
    drawn = _redrawn(place, pairs, bootstrap, draw)
    slope, offset = _logistic(edges, *counts)
    found = {
        "experiment": experiment,
        "seed": seed,
        "images": len(rows),
        "persons": int(rows["pid"].nunique()),
        "pairs_of_one_person": int(counts[0].sum()),
        "pairs_of_two_persons": int(counts[1].sum()),
        "thresholds": [_threshold(rate, edges, counts, drawn) for rate in FALSE_ACCEPTS],
        "logistic": {"slope": slope, "offset": offset},
        "open_set": _open_set(rows, pairs.cosines, draw),
    }
    write_text(calibration, json.dumps(found, indent=1) + "\n")
    plot_calibration(edges, *counts, found, plot)


def _of_known(table: pd.DataFrame, images: int, draw: int) -> pd.DataFrame:
    """Test images of persons whom a query shows, each file once; where there are too many, of some persons alone."""
    asked = table.loc[table["split"] == "query", "pid"].unique()
    rows = table[table["split"].isin(["query", "gallery"]) & table["pid"].isin(asked)]
    rows = rows.drop_duplicates("pixels")
    order = np.random.default_rng([draw, 0]).permutation(np.unique(rows["pid"]))
    sizes = rows["pid"].value_counts().loc[order].cumsum()
    chosen = sizes.index[: max(2, int((sizes <= images).sum()))]
    return rows[rows["pid"].isin(chosen)].reset_index(drop=True)


def _pairs(rows: pd.DataFrame, features: np.ndarray, index: Path) -> Pairs:
    features = normalise(features)
    persons, cameras = pd.factorize(rows["pid"])[0], rows["camid"].to_numpy()
    apart = np.triu(np.ones((len(rows), len(rows)), bool), 1)
    if (cameras >= 0).all():
        apart &= cameras[:, None] != cameras[None, :]
    one = persons[:, None] == persons[None, :]
    pairs = Pairs(features @ features.T, apart & one, apart & ~one, persons)
    if not pairs.same.any() or not pairs.different.any():
        which = "one person" if not pairs.same.any() else "two persons"
        raise UserError(
            f"there is no pair of test images of {which}",
            where=index,
            expected="test persons with images from several cameras, or, without cameras, with several images",
        )
    return pairs


def _redrawn(place: np.ndarray, pairs: Pairs, draws: int, seed: int) -> list[list[np.ndarray]]:
    """Numbers of pairs in each bin, of one person and of two, where persons are drawn with replacement.

    A person who is drawn n times counts n times in pairs of one person; a pair of two persons counts as often as both
    are drawn together.
    """
    rng, count = np.random.default_rng([seed, 1]), pairs.persons.max() + 1
    kinds = [(place[mask], *np.nonzero(mask)) for mask in (pairs.same, pairs.different)]
    found = []
    for _ in range(draws):
        times = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)[pairs.persons]
        (same, first, _), (other, a, b) = kinds
        weighted = [np.bincount(same, times[first], BINS), np.bincount(other, times[a] * times[b], BINS)]
        found.append(weighted)
    return found


def _accept(rate: float, edges: np.ndarray, same: np.ndarray, different: np.ndarray) -> tuple[float, float, float]:
    """The smallest edge at which at most a rate of the pairs of two persons is accepted, and both rates there."""
    above = [np.append(np.cumsum(counts[::-1])[::-1], 0) / max(counts.sum(), 1e-12) for counts in (same, different)]
    first = int(np.argmax(above[1] <= rate))
    return float(edges[first]), float(above[0][first]), float(above[1][first])


def _threshold(rate: float, edges: np.ndarray, counts: list[np.ndarray], drawn: list[list[np.ndarray]]) -> dict:
    threshold, true, false = _accept(rate, edges, *counts)
    again = np.array([_accept(rate, edges, *weighted)[:2] for weighted in drawn])
    low, high = np.percentile(again, [2.5, 97.5], axis=0) if len(again) else np.array([[threshold, true]] * 2)
    expected = rate * int(counts[1].sum())
    return {
        "false_accepts": rate,
        "threshold": threshold,
        "threshold_interval": [float(low[0]), float(high[0])],
        "true_accepts": true,
        "true_accepts_interval": [float(low[1]), float(high[1])],
        "false_accepts_found": false,
        "few_pairs": expected < FEW,
    }


def _logistic(edges: np.ndarray, same: np.ndarray, different: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the log odds by maximum likelihood, with both kinds of pairs of equal weight together."""
    middle = (edges[1:] + edges[:-1]) / 2
    x = np.column_stack([middle, np.ones_like(middle)])
    one, two = same / same.sum(), different / different.sum()
    weights = np.zeros(2)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -500, 500)))
        gradient = x.T @ (one * (1 - p) - two * p) - 1e-6 * weights
        curvature = (x * ((one + two) * p * (1 - p))[:, None]).T @ x + 1e-6 * np.eye(2)
        weights = weights + np.linalg.solve(curvature, gradient)
    return float(weights[0]), float(weights[1])


def _open_set(rows: pd.DataFrame, cosines: np.ndarray, draw: int) -> list[dict]:
    """Detection and identification where half of the persons, drawn at random, are not in the gallery."""
    persons = np.random.default_rng([draw, 2]).permutation(rows["pid"].unique())
    enrolled = rows["pid"].isin(persons[: len(persons) // 2]).to_numpy()
    query, gallery = (rows["split"] == "query").to_numpy(), (rows["split"] == "gallery").to_numpy() & enrolled
    pids, cameras = rows["pid"].to_numpy(), rows["camid"].to_numpy()
    if not gallery.any() or not (query & enrolled).any() or not (query & ~enrolled).any():
        return []
    allowed = gallery[None, :] & ~((cameras[:, None] == cameras[None, :]) & (cameras[:, None] >= 0))
    seen = np.where(allowed, cosines, -np.inf)[query]
    best, right = seen.max(axis=1), pids[seen.argmax(axis=1)] == pids[query]
    known, usable = enrolled[query], np.isfinite(seen.max(axis=1))
    unknown, found = np.sort(best[~known & usable])[::-1], []
    for rate in FALSE_ALARMS:
        if not len(unknown):
            continue
        threshold = float(np.nextafter(unknown[int(rate * len(unknown))], np.inf))
        detected = float((right & (best >= threshold))[known].mean())
        found.append({"false_alarms": rate, "threshold": threshold, "detected_and_right": detected})
    counts = {"known_queries": int(known.sum()), "unknown_queries": int((~known).sum())}
    return [each | counts for each in found]
