"""Vertical shifts against numpy and their shares."""

import cv2
import numpy as np
import torch

from purereid.data.vertical_shift import shift_vertically


def images(count: int = 400, height: int = 40, width: int = 6) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(1, 256, (count, height, width, 3), np.uint8))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def candidates(image: np.ndarray, most: int) -> dict[tuple[str, int], np.ndarray]:
    """The image with its top or bottom moved by any number of rows, stretched back."""
    black, found = np.zeros((most, *image.shape[1:]), np.uint8), {}
    for rows in range(1, most + 1):
        found["top", -rows], found["bottom", -rows] = image[rows:], image[:-rows]
        found["top", rows] = np.concatenate([black[:rows], image])
        found["bottom", rows] = np.concatenate([image, black[:rows]])
    size, ways = image.shape[1::-1], {-1: cv2.INTER_LINEAR, 1: cv2.INTER_AREA}
    return {how: cv2.resize(value, size, interpolation=ways[np.sign(how[1])]) for how, value in found.items()}


def test_each_image_is_as_it_was_or_one_edge_has_moved():
    counts = dict.fromkeys([*candidates(images()[0], 4), None], 0)
    for before, after in zip(images(), shift_vertically(images(), generator(), 0.5, 0.1), strict=True):
        fitting = [how for how, value in candidates(before, 4).items() if np.array_equal(value, after)]
        assert len(fitting) == 1 or np.array_equal(before, after)
        counts[fitting[0] if fitting else None] += 1
    assert 190 < counts.pop(None) < 260  # half of them, and a ninth of the others
    assert len(counts) == 16 and min(counts.values()) > 3 and max(counts.values()) < 25


def test_probability_zero_and_an_image_too_small_change_nothing():
    for count, height, probability in ((20, 40, 0.0), (20, 9, 1.0)):
        batch = images(count, height)
        assert all(map(np.array_equal, batch, shift_vertically(batch, generator(), probability)))


def test_same_generator_same_images():
    first, second, other = (shift_vertically(images(20), generator(seed), 1.0) for seed in (3, 3, 4))
    assert all(map(np.array_equal, first, second)) and not all(map(np.array_equal, first, other))
