"""The mirror map of the atlas: where each texel lies on a person who is seen in a mirror."""

from functools import cache

import numpy as np

from purereid.people.atlas import RECTANGLES, SIZE

ACROSS = "shoulders"  # this piece runs from right to left, every other one from the top down
OTHER = {"left": "right", "right": "left"}


@cache
def mirror_map() -> np.ndarray:
    """For each texel the one whose colour it has in the texture of the mirrored person.

    Left and right limbs change places, and on every part left and right of its middle do.

    Returns:
        int32 [SIZE, SIZE], row times SIZE plus column, read-only; applied twice it changes nothing.
    """
    texels = np.arange(SIZE * SIZE, dtype=np.int32).reshape(SIZE, SIZE)
    mirrored = np.empty_like(texels)
    for name in RECTANGLES:
        there = texels[_place(_other_side(name))]
        mirrored[_place(name)] = np.flipud(there) if name == ACROSS else np.fliplr(there)
    mirrored.setflags(write=False)
    return mirrored


def _place(name: str) -> tuple[slice, slice]:
    x, y, width, height = RECTANGLES[name]
    return np.s_[y : y + height, x : x + width]


def _other_side(name: str) -> str:
    side, _, part = name.partition("_")
    return f"{OTHER[side]}_{part}" if side in OTHER else name
