"""The texture atlas: where each body part lies in the one square texture every person has."""

from functools import cache
from typing import NamedTuple

import numpy as np

SIZE = 128  # texels a side; uint8 coordinates address half texels

# Part numbers are positions in this table plus one (0 means "no person here"):
# name: (x, y, width, height) in texels. The rectangles fill the square without gaps.
RECTANGLES = {
    "head": (0, 96, 48, 32),
    "hair": (48, 96, 16, 32),
    "long_hair": (112, 96, 16, 16),
    "neck": (112, 32, 16, 16),
    "shoulders": (112, 48, 16, 16),
    "chest": (0, 0, 64, 40),
    "pelvis": (0, 40, 64, 24),
    "skirt": (0, 64, 64, 32),
    "right_upper_arm": (64, 64, 24, 24),
    "left_upper_arm": (88, 64, 24, 24),
    "right_forearm": (64, 88, 24, 24),
    "left_forearm": (88, 88, 24, 24),
    "right_hand": (112, 64, 16, 16),
    "left_hand": (112, 80, 16, 16),
    "right_thigh": (64, 0, 24, 32),
    "left_thigh": (88, 0, 24, 32),
    "right_shin": (64, 32, 24, 32),
    "left_shin": (88, 32, 24, 32),
    "right_foot": (64, 112, 32, 16),
    "left_foot": (96, 112, 32, 16),
    "bag": (112, 0, 16, 32),
}
PARTS = tuple(RECTANGLES)
NUMBER = {name: number for number, name in enumerate(PARTS, start=1)}

# How far below the shoulder line a part reaches, in body heights, from its start to its end.
# Garments are painted by this coordinate, so a stripe runs on from the chest to the pelvis.
DROP = {
    "neck": (-0.06, 0.0),
    "shoulders": (0.0, 0.0),
    "chest": (-0.03, 0.23),
    "pelvis": (0.20, 0.36),
    "skirt": (0.20, 0.52),
    "upper_arm": (-0.03, 0.19),
    "forearm": (0.15, 0.33),
    "hand": (0.32, 0.40),
    "thigh": (0.27, 0.58),
    "shin": (0.53, 0.80),
}


class AtlasGrid(NamedTuple):
    """Per texel [SIZE, SIZE]: part number, angle round the limb, drop below the shoulders."""

    part: np.ndarray
    angle: np.ndarray
    along: np.ndarray
    drop: np.ndarray


@cache
def atlas_grid() -> AtlasGrid:
    """Describe each texel of the atlas.

    Returns:
        part uint8 (1..21); angle float32 in [-1, 1), 0 = the person's front, 0.5 = the left side, +-1 = back;
        along float32 in (0, 1) from a part's start to its end; drop float32 in body heights (see ``DROP``).
    """
    part = np.zeros((SIZE, SIZE), np.uint8)
    angle, along, drop = (np.zeros((SIZE, SIZE), np.float32) for _ in range(3))
    for name, (x, y, width, height) in RECTANGLES.items():
        here = np.s_[y : y + height, x : x + width]
        start, end = DROP.get(name.removeprefix("right_").removeprefix("left_"), (0.0, 0.0))
        part[here] = NUMBER[name]
        angle[here] = 2 * (np.arange(width) + 0.5) / width - 1
        along[here] = ((np.arange(height) + 0.5) / height)[:, None]
        drop[here] = start + (end - start) * along[here]
    return AtlasGrid(part, angle, along, drop)


def atlas_coordinates(part: np.ndarray, around: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn (part number, turn round the limb in [0, 1], way along it in [0, 1]) into atlas (u, v), both uint8."""
    x, y, width, height = _rectangle_table()[:, part]
    u = 2 * (x + np.minimum(around * width, width - 0.5))
    v = 2 * (y + np.minimum(along * height, height - 0.5))
    return u.astype(np.uint8), v.astype(np.uint8)


def look_up(texture: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Colours [..., 3] of a texture [SIZE, SIZE, 3] at uint8 atlas coordinates."""
    return texture[v >> 1, u >> 1]


@cache
def _rectangle_table() -> np.ndarray:
    return np.array([(0, 0, 0, 0), *RECTANGLES.values()], np.float32).T.copy()
