"""Checks of features before a network computes with them."""

import numpy as np

from purereid.errors import UserError
from purereid.retrieval.distances import check_lengths


def check_features(features: np.ndarray, expected: int, lists: int) -> None:
    """Refuse features that a network or a graph does not fit.

    Args:
        features: float32 [N, D].
        expected: numbers that the network takes, D.
        lists: lists of neighbours, N.

    Raises:
        UserError: another D; features that are not finite or not of length 1.
        ValueError: another N.
    """
    if len(features) != lists:
        raise ValueError(f"{len(features)} features, {lists} lists of neighbours")
    if features.shape[1] != expected:
        raise UserError(
            f"the features have {features.shape[1]} numbers, the network takes {expected}",
            expected="features of the encoder that the network was trained with",
            do="extract the features with that encoder, or train the network again",
        )
    check_lengths(features)
