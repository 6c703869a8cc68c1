"""Which images form a batch.

Every sampler answers ``batch(step)`` from its seed and the step's number alone, so that an interrupted training
goes on with the very batches it would have had. One epoch is a fixed number of batches.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import numpy as np

from purereid.errors import UserError


def batches_that_fill(counts: Sequence[int], identities: int, images_per_identity: int) -> int:
    """Batches of P identities with K images each that the images fill once, at least 1.

    Args:
        counts: images of each identity; identities with fewer than K count K.
        identities, images_per_identity: P and K.
    """
    groups = np.maximum(np.asarray(counts) // images_per_identity, 1).sum()
    return max(1, int(groups) // identities)


class Batches:
    """Real images by a sampler, plus a fixed number of generated ones.

    The real part of every batch has the same size whether or not generated images are added, so that a model with
    generated images sees the same real ones, step by step, as a model without.

    Args:
        labels: int [N], class of each image; -1 for a generated image without identity.
        generated: bool [N].
        identities, images_per_identity: P and K; a batch has P x K real images.
        generated_per_batch: number of generated images in each batch, 0 if there are none.
        of_same_identities: whether these show the identities of the batch's real images, as far as there are such
            images; otherwise they are drawn from all generated ones.
        sampler: ``identities`` draws P identities with K images each, ``shuffle`` draws from all images alike.
        seed: of all draws.
        batches_per_epoch: 0: as many as the images fill once; of the sampler ``identities``, those with fewer than K
            images count K.

    Raises:
        UserError: fewer than P identities for the sampler ``identities``; generated images asked for where there are
            none.
    """

    def __init__(
        self,
        labels: np.ndarray,
        generated: np.ndarray,
        *,
        identities: int,
        images_per_identity: int,
        generated_per_batch: int = 0,
        of_same_identities: bool = False,
        sampler: str = "identities",
        seed: int = 0,
        batches_per_epoch: int = 0,
    ):
        self.real, self.generated = np.flatnonzero(~generated), np.flatnonzero(generated)
        self.labels, self.seed = labels, seed
        self.identities, self.images_per_identity = identities, images_per_identity
        self.generated_per_batch = generated_per_batch
        self.by_identity = sampler == "identities"
        self.plan = {"identities": self._identity_plan, "shuffle": self._shuffled_plan}[sampler]
        self.plan_generated = self._matching_plan if of_same_identities else self._round_plan
        self._check()
        self.batches_per_epoch = batches_per_epoch or self._filled()
        self._epoch, self._planned = -1, np.empty(0)

    @property
    def size(self) -> int:
        """Images in a batch."""
        return self.identities * self.images_per_identity + self.generated_per_batch

    def batch(self, step: int) -> np.ndarray:
        """Rows of the images of a step: int [P K + generated], real ones first."""
        epoch, number = divmod(step, self.batches_per_epoch)
        if epoch != self._epoch:
            self._planned, self._epoch = self._plan_epoch(epoch), epoch
        return self._planned[number]

    def _filled(self) -> int:
        """Batches that the images fill once."""
        if not self.by_identity:
            return max(1, len(self.real) // (self.identities * self.images_per_identity))
        counts = np.unique(self.labels[self.real], return_counts=True)[1]
        return batches_that_fill(counts, self.identities, self.images_per_identity)

    def _plan_epoch(self, epoch: int) -> np.ndarray:
        real = self.plan(np.random.default_rng([self.seed, 0, epoch]))
        return np.hstack([real, self.plan_generated(epoch, real)]) if self.generated_per_batch else real

    def _identity_plan(self, rng: np.random.Generator) -> np.ndarray:
        """BoT's sampler: the shuffled images of each identity in groups of K; P identities at random per batch.

        Where fewer than P identities have groups left, the others start over; this keeps the length of an epoch.
        """
        groups = self._draw_groups(rng)
        batches = []
        while len(batches) < self.batches_per_epoch:
            if len(groups) < self.identities:
                groups = {label: groups.get(label) or new for label, new in self._draw_groups(rng).items()}
            chosen = rng.choice(sorted(groups), self.identities, replace=False)
            batches.append(np.concatenate([groups[label].pop() for label in chosen]))
            groups = {label: left for label, left in groups.items() if left}
        return np.stack(batches)

    def _shuffled_plan(self, rng: np.random.Generator) -> np.ndarray:
        size = self.identities * self.images_per_identity
        rows = np.resize(rng.permutation(self.real), self.batches_per_epoch * size)
        return rows.reshape(self.batches_per_epoch, size)

    def _draw_groups(self, rng: np.random.Generator) -> dict[int, list[np.ndarray]]:
        groups = {}
        K = self.images_per_identity
        for label, rows in self._rows_by_label(self.real).items():
            if len(rows) < K:
                groups[label] = [rng.choice(rows, K, replace=True)]
            else:
                shuffled = rng.permutation(rows)[: len(rows) // K * K]
                groups[label] = list(shuffled.reshape(-1, K))
        return groups

    def _round_plan(self, epoch: int, real: np.ndarray) -> np.ndarray:
        """The next generated images; each one comes once before any comes again, over all epochs."""
        count = len(real) * self.generated_per_batch
        rounds, places = np.divmod(np.arange(epoch * count, (epoch + 1) * count), len(self.generated))
        numbers = range(rounds[0], rounds[-1] + 1)
        orders = np.stack([np.random.default_rng([self.seed, 1, n]).permutation(self.generated) for n in numbers])
        return orders[rounds - rounds[0], places].reshape(len(real), -1)

    def _matching_plan(self, epoch: int, real: np.ndarray) -> np.ndarray:
        """Generated images of each batch's own identities, as evenly as their number allows.

        Each identity's generated images come once before any comes again in an epoch; every epoch starts anew, since
        how many of them earlier epochs took is known only to who plans all these epochs again. A batch none of whose
        identities has generated images takes them from all.
        """
        rng = np.random.default_rng([self.seed, 2, epoch])
        own = {label: _endless(rows, rng) for label, rows in self._rows_by_label(self.generated).items()}
        anyone = _endless(self.generated, rng)
        batches = []
        for rows in real:
            labels = [label for label in np.unique(self.labels[rows]).tolist() if label in own]
            suppliers = [own[label] for label in rng.permutation(labels)] or [anyone]
            batches.append([next(supplier) for supplier in islice(cycle(suppliers), self.generated_per_batch)])
        return np.array(batches)

    def _rows_by_label(self, rows: np.ndarray) -> dict[int, np.ndarray]:
        rows = rows[np.argsort(self.labels[rows], kind="stable")]
        labels, starts = np.unique(self.labels[rows], return_index=True)
        return dict(zip(labels.tolist(), np.split(rows, starts[1:]), strict=True))

    def _check(self) -> None:
        found = len(np.unique(self.labels[self.real]))
        if self.by_identity and found < self.identities:
            raise UserError(
                f"{found} training identities, but a batch takes {self.identities}",
                where="train_reid.identities_per_batch",
                expected=f"at most {found}" if found > 1 else "at least 2 training identities",
                do="lower the setting, or add training identities" if found > 1 else "add training identities",
            )
        if self.generated_per_batch and not len(self.generated):
            raise UserError(
                f"{self.generated_per_batch} generated images per batch asked for, but there are none",
                where="train_reid.generated_per_batch",
                do="set it to 0, or give the experiment generated images",
            )


def _endless(rows: np.ndarray, rng: np.random.Generator) -> Iterator[int]:
    """The rows in random order, then in another, and so on."""
    while True:
        yield from rng.permutation(rows)
