"""Frechet distance of two sets of features, each taken as a Gaussian (FID: Heusel et al., NeurIPS 2017, equation 6)."""

from dataclasses import dataclass

import numpy as np

from purereid.errors import UserError


@dataclass(frozen=True)
class Gaussian:
    """Mean [D] and covariance [D, D] (float64) of ``images`` features."""

    mean: np.ndarray
    covariance: np.ndarray
    images: int

    @property
    def singular(self) -> bool:
        """Whether there are too few images to span all dimensions; the distance then depends much on their number."""
        return self.images <= len(self.mean)


def gaussian(features: np.ndarray) -> Gaussian:
    """Mean and covariance (divided by N - 1) of features [N, D].

    Raises:
        UserError: fewer than two features, or one is not a finite number.
    """
    features = np.asarray(features, np.float64)
    if len(features) < 2:
        raise UserError(f"a Frechet distance of {len(features)} images", expected="at least two, better 10,000")
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        raise UserError(
            f"{np.count_nonzero(~finite)} of {len(features)} features are not finite numbers",
            where=f"the first of them is feature {int(np.argmin(finite))}",
            do="look at the images and at the network's weights",
        )
    mean = features.mean(axis=0)
    centred = features - mean
    return Gaussian(mean, centred.T @ centred / (len(features) - 1), len(features))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2), at least 0.

    With S1 = A A^T the trace is that of (A^T S2 A)^(1/2): symmetric, so that its eigenvalues are real also where a
    covariance is singular, and no matrix root is taken. Rounding costs about 1e-8 of the covariances' size per
    dimension that the features do not span.
    """
    values, vectors = np.linalg.eigh(first.covariance)
    root = vectors * np.sqrt(values.clip(min=0))
    eigenvalues = np.linalg.eigvalsh(root.T @ second.covariance @ root)
    overlap = np.sqrt(eigenvalues.clip(min=0)).sum()
    shift = np.square(first.mean - second.mean).sum()
    return max(0.0, float(shift + np.trace(first.covariance) + np.trace(second.covariance) - 2 * overlap))
