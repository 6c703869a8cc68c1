"""Simple rule: how sure a reID classifier is of the intended identity."""

import numpy as np

from purereid.errors import UserError
from purereid.purification.link_checks import check_probabilities

WORDS = "classifier confidence of its identity"


def classifier_scores(pids: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Probability of the intended identity, after Diffusion-ReID.

    Args:
        pids: int64 [N], intended identities.
        confidence: [N], probability of the identity by the classifier, 0..1; NaN where it does not know the identity.

    Returns:
        float64 [N], 0..1.

    Raises:
        UserError: an identity that the classifier does not know, a probability outside 0..1.
        ValueError: not one probability for each image.
    """
    if confidence.shape != pids.shape:
        raise ValueError(f"{len(confidence)} probabilities of {len(pids)} images")
    unknown = np.unique(pids[np.isnan(confidence)])
    if len(unknown):
        count = len(np.unique(pids))
        raise UserError(
            f"the classifier does not know {len(unknown)} of {count} identities, such as pid {unknown[0]}",
            where="embed_generated.encoder",
            expected="an encoder with a classifier (fdgan has none) that learnt all identities of the generated images",
            do="name an experiment that was, or use another rule than classifier",
        )
    check_probabilities(confidence, "images")
    return confidence.astype(np.float64)
