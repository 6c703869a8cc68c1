"""Random draws of rendered people: each thing draws for itself, whatever else is drawn."""

import numpy as np


def generator(*key: int) -> np.random.Generator:
    """Draws that follow from some numbers, of which one says what is drawn."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
