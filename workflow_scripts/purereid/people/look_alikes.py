"""Who looks most like whom, by what rendered people wear."""

from collections.abc import Sequence

import cv2
import numpy as np

from purereid.people.identity import Identity
from purereid.people.texture import texture_of

SIDE = 32  # of the textures that are compared, in texels


class LookAlikes:
    """Persons among whom others are found whose textures differ least, by the mean absolute difference.

    Args:
        persons: each once.
    """

    def __init__(self, persons: Sequence[Identity]):
        self.persons = persons
        self.textures = np.stack([_texture(person) for person in persons])

    def of(self, person: Identity, count: int) -> list[Identity]:
        """Others who look most like a person, most alike first, equal ones in the order given; all if there are fewer.

        Args:
            person: one of the persons or not.
            count: others wanted.
        """
        differences = np.abs(self.textures - _texture(person)).sum(axis=1)
        nearest = [self.persons[number] for number in np.argsort(differences, kind="stable")[: count + 1]]
        return [other for other in nearest if other != person][:count]


def _texture(person: Identity) -> np.ndarray:
    """Levels int16 [D], reduced."""
    return cv2.resize(texture_of(person), (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel().astype(np.int16)
