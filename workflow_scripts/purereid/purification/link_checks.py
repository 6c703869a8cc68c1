"""Checks of predicted links, for everything that takes them as arrays."""

import numpy as np

from purereid.errors import UserError


def check_links(indices: np.ndarray, probability: np.ndarray) -> None:
    """Refuse links that no prediction makes.

    Args:
        indices: int [N, K1], neighbours of each image.
        probability: [N, K1], that image and neighbour show one person, 0..1.

    Raises:
        UserError: a probability is not a number or outside 0..1.
        ValueError: other shapes, an image that does not exist, an image that is its own neighbour.
    """
    if indices.ndim != 2 or indices.shape != probability.shape:
        raise ValueError(f"links of shape {indices.shape} with probabilities of shape {probability.shape}")
    if indices.size and not 0 <= indices.min() <= indices.max() < len(indices):
        raise ValueError(f"links between {len(indices)} images name image {indices.min()} or {indices.max()}")
    if (indices == np.arange(len(indices))[:, None]).any():
        raise ValueError("an image is its own neighbour")
    check_probabilities(probability, "links")


def check_probabilities(probability: np.ndarray, what: str) -> None:
    """Refuse probabilities [...] of ``what`` that are not numbers of 0..1; raises UserError."""
    wrong = ~((probability >= 0) & (probability <= 1))
    if wrong.any():
        raise UserError(
            f"{np.count_nonzero(wrong)} of {wrong.size} {what} have a probability that is no number of 0 to 1",
            where=f"the first: {probability[wrong][0]} in row {np.argwhere(wrong)[0, 0]} (from 0)",
            expected="finite probabilities",
            do="look at the training curve of the network that predicts them: its loss has probably diverged",
        )
