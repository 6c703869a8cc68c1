"""Simple rule: those images of an identity whose covariance is that of its real images.

After Rezaei et al., High-dimensional Analysis of Synthetic Data Selection (2025): the error of a linear model that
learns from real and generated data depends on the difference of their covariances, and not on that of their means.
"""

import numpy as np

from purereid.errors import UserError

WORDS = "order in its identity by covariance, from 1 down:"


def covariance_scores(features: np.ndarray, pids: np.ndarray, real: np.ndarray, real_pids: np.ndarray) -> np.ndarray:
    """Places in the order in which the images of each identity are chosen, see ``matching_order``.

    The best share of all images by these scores is the same share of each identity.

    Args:
        features, pids: [N, D] and int64 [N], of the generated images, with their intended identities.
        real, real_pids: [M, D] and int64 [M], of real images, by the same encoder.

    Returns:
        float64 [N]: of n images of an identity the first has 1, the second 1 - 1 / n, the last 1 / n.

    Raises:
        UserError: an identity has no real image.
    """
    missing = np.setdiff1d(pids, real_pids)
    if len(missing):
        raise UserError(
            f"{len(missing)} identities have no real image whose covariance could be matched",
            where=f"for instance pid {missing[0]}",
            expected="only identities of the real images",
        )
    scores = np.empty(len(pids))
    for pid in np.unique(pids):
        rows = np.flatnonzero(pids == pid)
        order = matching_order(features[rows], real[real_pids == pid])
        scores[rows[order]] = 1 - np.arange(len(rows)) / len(rows)
    return scores


def matching_order(features: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The order in which images are chosen, so that their covariance comes near that of real ones.

    The first is the one nearest to the mean of the real images (one image has no covariance; this choice is ours); each
    further one is that with which the covariance of all chosen ones is nearest to that of the real ones, by the
    Frobenius norm of their difference, the first of equal ones. Covariances are divided by the number of images. They
    are never made: the norm follows from the products of features (of c centred features X and m real ones Y,
    |X X^T|^2 / c^2 - 2 |X Y^T|^2 / (c m) + a constant), so that the width of a feature hardly matters. The time grows
    with the fourth power of n.

    Args:
        features: [n, D].
        real: [m, D], at least one.

    Returns:
        int64 [n].
    """
    features, real = features.astype(np.float64), real.astype(np.float64)
    centred = real - real.mean(axis=0)
    products, cross = features @ features.T, features @ centred.T
    order = [int(np.square(features - real.mean(axis=0)).sum(axis=1).argmin())]
    left = np.delete(np.arange(len(features)), order)
    while len(left):
        sets = np.column_stack([np.tile(order, (len(left), 1)), left])  # one with each candidate
        best = int(_distances(products, cross, sets).argmin())
        order.append(int(left[best]))
        left = np.delete(left, best)
    return np.array(order, np.int64)


def _distances(products: np.ndarray, cross: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Squared distance [s] of the covariances of sets of c images, int [s, c], to the real one, but for a constant."""
    count, number = sets.shape[1], cross.shape[1]
    own = products[sets[:, :, None], sets[:, None, :]]
    own = own - own.mean(axis=1, keepdims=True) - own.mean(axis=2, keepdims=True) + own.mean(axis=(1, 2), keepdims=True)
    other = cross[sets] - cross[sets].mean(axis=1, keepdims=True)
    return np.square(own).sum(axis=(1, 2)) / count**2 - 2 * np.square(other).sum(axis=(1, 2)) / (count * number)
