"""Who looks most like whom, by what rendered people wear."""

from collections.abc import Sequence

import cv2
import numpy as np

from purereid.people.identity import Identity
from purereid.people.texture import texture_of

SIDE = 32  # of the textures that are compared, in texels


def look_alikes(persons: Sequence[Identity], count: int) -> np.ndarray:
    """For each of N persons the others whose textures differ least from theirs, by the mean absolute difference.

    Args:
        persons: each once.
        count: others wanted; fewer where there are fewer.

    Returns:
        int64 [N, at most count], most alike first, equal ones in the order given.
    """
    textures = [cv2.resize(texture_of(person), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for person in persons]
    flat = np.stack(textures).reshape(len(persons), -1).astype(np.int16)
    found = []
    for number, texture in enumerate(flat):
        nearest = np.argsort(np.abs(flat - texture).sum(axis=1), kind="stable")
        found.append(nearest[nearest != number][:count])
    return np.array(found, np.int64).reshape(len(persons), -1)
