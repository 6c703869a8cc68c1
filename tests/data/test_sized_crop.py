"""Crops of random size against what can be read off a picture of its own coordinates."""

import numpy as np
import torch

from purereid.data.sized_crop import crop_sized

HEIGHT, WIDTH = 160, 80


def ramps(count: int) -> list[np.ndarray]:
    """Images whose first channel is the row and whose second is the column."""
    rows, columns = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return [np.stack([rows, columns, 0 * rows], axis=2).astype(np.uint8)] * count


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def extents(image: np.ndarray) -> tuple[float, float, float, float]:
    """Top, left, height and width of the part, from the ramps at its ends."""
    (top, bottom), (left, right) = (np.percentile(image[..., axis].astype(float), (0, 100)) for axis in (0, 1))
    return top, left, bottom - top + 1, right - left + 1


def test_area_shape_and_place():
    found = np.array([extents(image) for image in crop_sized(ramps(500), generator(), (0.64, 1))])
    top, left, tall, wide = found.T
    cropped = (tall < HEIGHT - 3) | (wide < WIDTH - 3)
    area, shape = tall * wide / (HEIGHT * WIDTH), tall / wide
    assert cropped.mean() > 0.9
    assert 0.6 < area[cropped].min() < 0.7 and area.max() <= 1
    assert 1.9 < shape[cropped].min() < 2.1 and 2.5 < shape[cropped].max() < 3.1
    assert (top >= 0).all() and (top + tall <= HEIGHT + 1).all() and (left + wide <= WIDTH + 1).all()
    assert np.corrcoef(top[cropped], left[cropped])[0, 1] < 0.5  # the place is drawn, not only the size
    assert len(np.unique(left)) > 10 and len(np.unique(top)) > 10


def test_parts_that_do_not_fit_leave_the_image_whole():
    flat = [np.zeros((20, 80, 3), np.uint8)]
    assert crop_sized(flat, generator(), (0.64, 1))[0] is flat[0]


def test_same_generator_same_images():
    first, second, other = (crop_sized(ramps(20), generator(seed), (0.64, 1)) for seed in (3, 3, 4))
    assert all(map(np.array_equal, first, second)) and not all(map(np.array_equal, first, other))
