"""Which pairs of images form a batch, and which image of its person each of them is to be turned into."""

import numpy as np

from purereid.data.same_person import SamePerson
from purereid.errors import UserError

EPOCH, BATCH, TARGETS = range(3)  # what is drawn


class Pairs:
    """Published sampling of FD-GAN (Ge et al. 2018): pairs of one person and of two.

    Each image is an anchor once an epoch, in random order. It is paired with another image of its person, and then with
    as many images of others as asked for, all different. The pairs of an anchor follow one another. Persons with one
    image are no anchors, as they have no pair. The last batch of an epoch is filled with anchors from its beginning.

    Args:
        pids: int64 [N], the person of each image.
        anchors: of a batch.
        negatives: pairs of two persons of each anchor (published: 3).
        seed: of all draws.
        batches_per_epoch: 0: as many as have every anchor once.

    Attributes:
        same: bool [B], which pairs of a batch show one person; equal in all batches.

    Raises:
        UserError: no person with two images, too few images of others.
    """

    def __init__(self, pids: np.ndarray, *, anchors: int, negatives: int, seed: int, batches_per_epoch: int = 0):
        self.pids, self.count, self.negatives, self.seed = pids, anchors, negatives, seed
        _, person, images = np.unique(pids, return_inverse=True, return_counts=True)
        self.anchors = np.flatnonzero(images[person] > 1)
        self._check(len(pids) - images.max(initial=0))
        self.person = SamePerson(pids)
        self.batches_per_epoch = batches_per_epoch or -(-len(self.anchors) // anchors)
        self.same = np.tile(np.arange(1 + negatives) == 0, anchors)
        self._epoch, self._planned = -1, np.empty(0)

    @property
    def size(self) -> int:
        """Pairs of a batch."""
        return len(self.same)

    def batch(self, step: int) -> np.ndarray:
        """Rows int64 [B, 2] of the images of a step's pairs, from the seed and the step alone."""
        epoch, number = divmod(step, self.batches_per_epoch)
        if epoch != self._epoch:
            order = np.random.default_rng([self.seed, EPOCH, epoch]).permutation(self.anchors)
            self._planned = np.resize(order, (self.batches_per_epoch, self.count))
            self._epoch = epoch
        rng = np.random.default_rng([self.seed, BATCH, step])
        return np.concatenate([self._pairs_of(anchor, rng) for anchor in self._planned[number].tolist()])

    def targets(self, step: int, pairs: np.ndarray) -> np.ndarray:
        """Rows int64 [B, 2] of what each image of the pairs is to be turned into.

        Another image of the same person, if there is one. Both images of a pair of one person get the same: the picture
        must not depend on which of the two it was drawn from.
        """
        rng = np.random.default_rng([self.seed, TARGETS, step])
        drawn = np.array([self.person.another(row, rng) for row in pairs.reshape(-1).tolist()]).reshape(pairs.shape)
        drawn[self.same, 1] = drawn[self.same, 0]
        return drawn

    def _pairs_of(self, anchor: int, rng: np.random.Generator) -> np.ndarray:
        others = np.flatnonzero(self.pids != self.pids[anchor])
        strangers = rng.choice(others, self.negatives, replace=False)
        partners = [self.person.another(anchor, rng), *strangers.tolist()]
        return np.array([[anchor, partner] for partner in partners], np.int64)

    def _check(self, fewest_others: int) -> None:
        if not len(self.anchors):
            raise UserError(
                "no person has two training images, so there is no pair of one person",
                where="train_reid.splits",
                expected="persons with at least two images each",
                do="add images, or check how identities are read",
            )
        if fewest_others < self.negatives:
            raise UserError(
                f"{self.negatives} images of others are paired with each image, and of some there are {fewest_others}",
                where="train_reid.fdgan.negatives_per_anchor",
                expected="at most as many as there are images of all other persons",
                do="lower the setting, or add persons",
            )
