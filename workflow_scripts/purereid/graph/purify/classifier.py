"""Simple rule: how sure a reID classifier is of the intended identity."""

import numpy as np

from purereid.errors import UserError
from purereid.graph.link_checks import check_probabilities

WORDS = "classifier confidence of its identity"


def classifier_scores(pids: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Probability of the intended identity, after Diffusion-ReID.

    Args:
        pids: int64 [N], intended identities.
        probabilities: [N, C], of each identity that the classifier knows, 0..1.
        classes: int64 [C], these identities, in the order of the columns.

    Returns:
        float64 [N], 0..1.

    Raises:
        UserError: an identity that the classifier does not know, a probability that is no number of 0..1.
        ValueError: shapes that do not fit together.
    """
    if probabilities.shape != (len(pids), len(classes)):
        raise ValueError(f"probabilities of shape {probabilities.shape}, {len(pids)} images, {len(classes)} classes")
    check_probabilities(probabilities, "entries of the classifier")
    unknown = np.setdiff1d(pids, classes)
    if len(unknown):
        raise UserError(
            f"{len(unknown)} identities are unknown to the classifier",
            where=f"for instance pid {unknown[0]}",
            expected="only identities that the classifier was trained on",
        )
    order = np.argsort(classes)
    column = order[np.searchsorted(classes, pids, sorter=order)]
    return probabilities[np.arange(len(pids)), column].astype(np.float64)
