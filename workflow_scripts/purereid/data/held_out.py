"""Which identities a network does not learn from, so that it can be judged on people whom it has not seen."""

import numpy as np

from purereid.errors import UserError

FOLD_SEED = 0  # of encoders, which hold out the same identities whatever the seed of their training


def held_out_images(pids: np.ndarray, *, share: float, seed: int, section: str) -> np.ndarray:
    """Images of a random share of the identities that have several.

    Images without another one of their identity are all learnt from: they tell nothing of right links.

    Args:
        pids: int64 [N].
        share: 0..1; unless it is 0, one identity at least is held out, and one with several images is not.
        seed: of the draw.
        section: of the config that says the share, for messages.

    Returns:
        bool [N].

    Raises:
        UserError: fewer than two identities with several images, and a share above 0.
    """
    people, images = np.unique(pids, return_counts=True)
    several = people[images > 1]
    if not share:
        return np.zeros(len(pids), bool)
    if len(several) < 2:
        raise UserError(
            f"{len(several)} of {len(people)} identities have several images, of which a share shall be held out",
            where=f"{section}.held_out",
            expected="two identities with several images at least, one to learn from and one to hold out",
            do="set held_out to 0, or give identities with several images",
        )
    number = np.clip(round(share * len(several)), 1, len(several) - 1)
    return np.isin(pids, np.random.default_rng([seed, 1]).permutation(several)[:number])
