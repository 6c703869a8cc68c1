"""Other images of the same person."""

import numpy as np


class SamePerson:
    """Draws, for an image, another image of its person.

    Args:
        pids: int64 [N], the person of each image.
    """

    def __init__(self, pids: np.ndarray):
        self.pids = pids
        self.images = {pid: np.flatnonzero(pids == pid) for pid in np.unique(pids).tolist()}

    def another(self, row: int, rng: np.random.Generator) -> int:
        """Row of any other image of the person; of a person with one image that image itself."""
        images = self.images[int(self.pids[row])]
        return int(rng.choice(images[images != row])) if len(images) > 1 else row
