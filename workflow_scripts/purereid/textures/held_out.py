"""Persons that a painter does not learn from."""

import numpy as np


def held_out_persons(pids: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which images show persons who are held out: a share of the persons, drawn at random, rounded down.

    Args:
        pids: int64 [N].
        share: 0 to 1; two persons at least are learnt from.
        seed: of the draw.

    Returns:
        bool [N].
    """
    persons = np.unique(pids)
    count = min(int(share * len(persons)), max(len(persons) - 2, 0))
    return np.isin(pids, np.random.default_rng(seed).permutation(persons)[:count])
