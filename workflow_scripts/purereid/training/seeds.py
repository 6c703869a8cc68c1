"""Seeds of random draws, made of numbers that say what is drawn."""

import numpy as np


def step_seed(*numbers: int) -> int:
    """One 63-bit seed from several numbers, such as seed and step."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
