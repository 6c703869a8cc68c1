"""Predicted links, and how good they are where the persons are known."""

from typing import NamedTuple

import numpy as np

THRESHOLD = 0.5  # images with a larger probability are linked


class Links(NamedTuple):
    """The nearest others of each image, and whether they show the same person."""

    indices: np.ndarray  # int32 [N, k1], nearest first
    probability: np.ndarray  # float32 [N, k1], that image and neighbour show one person, 0..1


class Curve(NamedTuple):
    """Precision and recall of the links with at least some score, for P scores in descending order."""

    score: np.ndarray  # float64 [P], probability or cosine
    precision: np.ndarray  # float64 [P], 0..1
    recall: np.ndarray  # float64 [P], 0..1, ascending


def link_scores(right: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Scores of links, of which those with a probability above one half are made.

    Args:
        right: bool [...], whether both images show one person, see ``same_person``.
        probability: [...].

    Returns:
        links: their number; positives: share of them that are right, which is the precision of linking all;
        precision: share of the links made that are right, 0 if none is made; recall: share of the right ones that are
        made, 0 if there are none; accuracy: share that is rightly made or not made; average_precision: see there;
        largest: the largest probability.
    """
    made = probability > THRESHOLD
    hits = np.count_nonzero(made & right)
    return {
        "links": right.size,
        "positives": _share(np.count_nonzero(right), right.size),
        "precision": _share(hits, np.count_nonzero(made)),
        "recall": _share(hits, np.count_nonzero(right)),
        "accuracy": _share(np.count_nonzero(made == right), right.size),
        "average_precision": average_precision(precision_recall(right, probability)),
        "largest": float(probability.max()),
    }


def precision_recall(right: np.ndarray, score: np.ndarray) -> Curve:
    """Precision and recall at every score that occurs.

    Args:
        right: bool [...], at least one.
        score: [...], higher for images that are more alike: probability or cosine.

    Returns:
        the curve; its recall is 0 throughout if no link is right.
    """
    order = np.argsort(-score, axis=None, kind="stable")
    scores, hits = score.ravel()[order], np.cumsum(right.ravel()[order])
    last = np.flatnonzero(np.diff(scores, append=-np.inf))  # equal ones are made together
    found = hits[last].astype(np.float64)
    return Curve(scores[last].astype(np.float64), found / (last + 1), found / max(1, hits[-1]))


def average_precision(curve: Curve) -> float:
    """Area under a curve, in steps: the mean precision at each right link; 0 if there is none."""
    return float(np.sum(curve.precision * np.diff(curve.recall, prepend=0)))


def threshold_of(curve: Curve, precision: float) -> float:
    """The smallest probability above which links have at least a precision.

    Args:
        curve: of links whose persons are known.
        precision: 0..1.

    Returns:
        0..1, float32: the threshold itself links nothing; 1 where no score of the curve has such a precision.
    """
    enough = np.flatnonzero(np.asarray(curve.precision) >= precision)
    if not len(enough):
        return 1.0
    return float(np.nextafter(np.float32(curve.score[enough[-1]]), np.float32(0)))


def same_person(indices: np.ndarray, pids: np.ndarray) -> np.ndarray:
    """Whether each image and its neighbours show one person.

    Args:
        indices: int [N, k1].
        pids: int [N], 0 or more.

    Returns:
        bool [N, k1].

    Raises:
        ValueError: not one person for each image, or an image without person.
    """
    if pids.shape != indices.shape[:1] or (pids < 0).any():
        raise ValueError(f"{len(indices)} lists of neighbours, {np.count_nonzero(pids >= 0)} images of known persons")
    return pids[indices] == pids[:, None]


def thinned(curve: Curve, points: int = 200) -> Curve:
    """At most so many points of a curve, evenly spread over its recall; both ends stay."""
    if len(curve.recall) <= points:
        return curve
    wanted = np.linspace(curve.recall[0], curve.recall[-1], points - 1)
    chosen = np.unique(np.append(np.searchsorted(curve.recall, wanted), len(curve.recall) - 1))
    return Curve(*(values[chosen] for values in curve))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
