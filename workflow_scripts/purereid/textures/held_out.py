"""Persons that a painter does not learn from."""

import numpy as np

from purereid.errors import UserError

LEAST = 3  # persons
DRAW = 105  # the draw of persons has a stream of its own


def held_out_persons(pids: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Which images show persons who are held out: a share of the persons, drawn at random.

    Args:
        pids: int64 [N].
        share: 0 to 1; above 0 one person at least is held out, and two at least are learnt from.
        seed: of the draw.

    Returns:
        bool [N].

    Raises:
        UserError: fewer than three persons, and some are to be held out.
    """
    if not share:
        return np.zeros(len(pids), bool)
    persons = np.unique(pids)
    if len(persons) < LEAST:
        raise UserError(
            f"textures of {len(persons)} persons, of whom some are to be learnt and others held out",
            where="data set of train_reid.san.trained_on",
            expected=f"textures of {LEAST} persons or more",
        )
    count = min(max(int(share * len(persons)), 1), len(persons) - LEAST + 1)
    return np.isin(pids, np.random.default_rng([seed, DRAW]).permutation(persons)[:count])
