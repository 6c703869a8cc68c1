"""Spoil an image by its pixels, so that it is a failure of generation that a purifier should drop."""

from collections.abc import Callable

import cv2
import numpy as np

GREY = 128


def spoil(image: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A spoiled copy of an image.

    The kinds:
        - ``upside_down``: flipped vertically and pushed aside by a third of the width; the columns that become free
          repeat the edge.
        - ``noise``: half of 8 x 4 blocks, drawn at random, turn to random pixels.
        - ``only_noise``: all pixels are random, so that nothing is left of the image; a control.
        - ``blur``: a Gaussian of 1/12 of the height, after which only smears of colour are left.
        - ``grey_box``: grey hides all but the outer eighths of the image, and thereby the person.

    Args:
        image: uint8 [3, H, W], RGB, at least 8 x 4 pixels.
        kind: a key of ``SPOILED``.
        rng: draws blocks, pixels and sides.

    Returns:
        uint8 [3, H, W].
    """
    return SPOILED[kind](image, rng)


def _upside_down(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    width = image.shape[2]
    column = np.arange(width) - rng.choice([-1, 1]) * (width // 3)
    return image[:, ::-1, column.clip(0, width - 1)]


def _noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    _, height, width = image.shape
    chosen = np.zeros(32, bool)
    chosen[rng.permutation(32)[:16]] = True
    block_row, block_column = np.arange(height) * 8 // height, np.arange(width) * 4 // width
    noisy = chosen.reshape(8, 4)[block_row[:, None], block_column]
    return np.where(noisy, rng.integers(0, 256, image.shape, np.uint8), image)


def _only_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, image.shape, np.uint8)


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = image.shape[1] / 12
    planes = [cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for plane in image]
    return np.stack(planes)


def _grey_box(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    _, height, width = image.shape
    hidden = image.copy()
    hidden[:, height // 8 : height - height // 8, width // 8 : width - width // 8] = GREY
    return hidden


SPOILED: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "upside_down": _upside_down,
    "noise": _noise,
    "only_noise": _only_noise,
    "blur": _blur,
    "grey_box": _grey_box,
}
