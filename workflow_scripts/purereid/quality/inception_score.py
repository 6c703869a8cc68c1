"""Inception score (Salimans et al., NeurIPS 2016): are images of one class each, and of many classes together?"""

import itertools

import numpy as np

from purereid.errors import UserError

SPLITS = 10
FEWEST = 10  # images of a split for which the score says anything: of one image it is 1


def inception_score(logits: np.ndarray, splits: int = SPLITS) -> tuple[float, float]:
    """Mean and standard deviation over the splits of exp(mean of KL(p(class | image) || p(class))).

    Args:
        logits: [N, C] of the images in a fixed order; split i has the images floor(i N / splits) up to, without,
            floor((i + 1) N / splits).
        splits: the published scores have 10.

    Returns:
        mean and population standard deviation; the mean is 1..C, higher is better.

    Raises:
        UserError: fewer images than splits, or a value is not a finite number.
    """
    logits = np.asarray(logits, np.float64)
    if len(logits) < splits:
        raise UserError(f"an Inception score of {len(logits)} images", expected=f"at least {splits}, one per split")
    if not np.isfinite(logits).all():
        raise UserError("the logits of an Inception score are not finite numbers", do="look at the network's weights")
    probabilities = _softmax(logits)
    bounds = [i * len(logits) // splits for i in range(splits + 1)]
    parts = [probabilities[start:end] for start, end in itertools.pairwise(bounds)]
    scores = [np.exp(_entropy(part.mean(axis=0)) - _entropy(part).mean()) for part in parts]
    return float(np.mean(scores)), float(np.std(scores))


def mixed(logits: np.ndarray) -> np.ndarray:
    """The same [N, C] in a random order, always the same one.

    Images in the order of their persons, or of their classes, make splits that each show few of them, which lowers the
    score.
    """
    return logits[np.random.default_rng(0).permutation(len(logits))]


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy along the last axis; the mean KL is the entropy of the mean minus the mean entropy."""
    logarithms = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    return -(probabilities * logarithms).sum(axis=-1)
