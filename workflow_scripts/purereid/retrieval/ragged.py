"""Lists of different lengths in two flat arrays."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ragged:
    """N lists; list ``i`` is ``values[bounds[i]:bounds[i + 1]]``.

    Attributes:
        values: [total] items of all lists, one list after the other.
        bounds: [N + 1] int64, where each list starts; the last entry is the total.
    """

    values: np.ndarray
    bounds: np.ndarray

    def __getitem__(self, i: int) -> np.ndarray:
        return self.values[self.bounds[i] : self.bounds[i + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """[N] length of each list."""
        return np.diff(self.bounds)

    @property
    def owners(self) -> np.ndarray:
        """[total] number of the list to which each item belongs."""
        return np.repeat(np.arange(len(self.bounds) - 1), self.lengths)

    def where(self, mask: np.ndarray) -> "Ragged":
        """The same lists with only the items for which ``mask`` [total] is true."""
        passed = np.concatenate([[0], np.cumsum(mask)])
        return Ragged(self.values[mask], passed[self.bounds])
