"""Which images meet in a step."""

import numpy as np

from purereid.data.same_person import SamePerson
from purereid.errors import UserError

FIRST, SECOND, POSITIVES = range(3)  # what is drawn


class Batches:
    """Published sampling of DG-Net (Zheng et al. 2019): two halves, each image beside another of its person.

    In an epoch both halves go through all images, each in an order of its own. The two images that change clothes may
    show one person: so it is in the published code, and with many persons it is rare.

    Args:
        pids: int64 [N], the person of each image.
        size: images B of a half.
        seed: of all draws.
        batches_per_epoch: 0: as many as all images fill; the rest of them has its turn in other epochs.

    Raises:
        UserError: fewer images than a half takes, images of one person alone.
    """

    def __init__(self, pids: np.ndarray, *, size: int, seed: int, batches_per_epoch: int = 0):
        persons = len(np.unique(pids))
        if persons < 2:
            raise UserError(
                f"{persons} person in the training images, and two are to change clothes",
                where="train_reid.splits",
                expected="images of at least two persons",
                do="add images, or check how identities are read",
            )
        if len(pids) < size:
            raise UserError(
                f"each half of a batch takes {size} images, and there are {len(pids)}",
                where="train_reid.dgnet.batch",
                expected=f"at most {len(pids)}",
                do="lower the setting, or add images",
            )
        self.pids, self.size, self.seed = pids, size, seed
        self.person = SamePerson(pids)
        self.batches_per_epoch = batches_per_epoch or len(pids) // size
        self._epoch, self._planned = -1, np.empty(0)

    def batch(self, step: int) -> np.ndarray:
        """Rows int64 [4, B] of a step, from the seed and the step alone: images a, images b, and the positives of both.

        A positive is any other image of the person; of a person with one image that image itself.
        """
        epoch, number = divmod(step, self.batches_per_epoch)
        if epoch != self._epoch:
            self._planned = np.stack([self._order(half, epoch) for half in (FIRST, SECOND)])
            self._epoch = epoch
        images = self._planned[:, number]
        rng = np.random.default_rng([self.seed, POSITIVES, step])
        positives = [[self.person.another(row, rng) for row in half] for half in images.tolist()]
        return np.concatenate([images, np.array(positives, np.int64)])

    def _order(self, half: int, epoch: int) -> np.ndarray:
        order = np.random.default_rng([self.seed, half, epoch]).permutation(len(self.pids))
        return np.resize(order, (self.batches_per_epoch, self.size))
