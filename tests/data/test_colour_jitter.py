"""Colour jitter against one step after the other, against torchvision, and its arithmetic against whole numbers."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from purereid.data.colour_jitter import colour_maps, hue_rotation, jitter_colours
from purereid.vision import torchvision

STRENGTHS = (0.3, 0.4, 0.5, 0.1)


def images(count: int = 8, height: int = 11, width: int = 7) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, height, width, 3), np.uint8))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slow(image: np.ndarray, brightness: float, contrast: float, saturation: float, turn: float) -> np.ndarray:
    """Step by step, and pixel by pixel."""
    values = image.astype(float) * brightness
    grey = np.mean([luma(pixel) for row in values for pixel in row])
    values = contrast * values + (1 - contrast) * grey
    rotation = Rotation.from_rotvec(2 * np.pi * turn * np.ones(3) / np.sqrt(3))
    for pixel in values.reshape(-1, 3):
        pixel[:] = rotation.apply(saturation * pixel + (1 - saturation) * luma(pixel))
    return values.round().clip(0, 255)


def luma(pixel: np.ndarray) -> float:
    return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]


def test_against_one_step_after_the_other_with_the_drawn_factors():
    drawn = np.array(STRENGTHS) * (2 * torch.rand(8, 4, generator=generator()).numpy() - 1) + (1, 1, 1, 0)
    found = jitter_colours(images(), generator(), STRENGTHS)
    for before, after, factors in zip(images(), found, drawn, strict=True):
        assert after.dtype == np.uint8 and np.abs(after - slow(before, *factors)).max() <= 1
        assert not np.array_equal(before, after)


def test_bytes_are_those_of_whole_numbers_of_which_none_lies_midway():
    drawn = (1, 1, 1, 0.5) * (2 * torch.rand(8, 4, generator=generator()).double().numpy() - 1) + (1, 1, 1, 0)
    greys = np.array([image.reshape(-1, 3).mean(axis=0) @ (0.299, 0.587, 0.114) for image in images()])
    maps = 1024 * colour_maps(greys[:, None, None], *drawn.T[:, :, None, None])
    assert (maps == np.rint(maps)).all() and (maps[:, :, :3] % 2 == 0).all() and (maps[:, :, 3] % 2 == 1).all()
    found = jitter_colours(images(), generator(), (1, 1, 1, 0.5))
    for before, after, colours in zip(images(), found, maps, strict=True):
        weights, offset = colours[:, :3].astype(int), colours[:, 3].astype(int)
        exact = (before.astype(int) @ weights.T + offset + 512) // 1024
        assert np.array_equal(after, exact.clip(0, 255))


@pytest.mark.parametrize(("number", "name"), enumerate(["brightness", "contrast", "saturation"]))
def test_each_factor_is_that_of_torchvision(number: int, name: str):
    adjust = getattr(torchvision.transforms.functional, f"adjust_{name}")
    strengths = [0.6 * (number == other) for other in range(4)]
    drawn = 1 + 0.6 * (2 * torch.rand(8, 4, generator=generator())[:, number] - 1)
    found = jitter_colours(images(), generator(), strengths)
    for before, after, factor in zip(images(), found, drawn.tolist(), strict=True):
        expected = adjust(torch.from_numpy(before).permute(2, 0, 1), factor).permute(1, 2, 0).numpy()
        assert np.abs(after.astype(int) - expected).max() <= 2


def test_a_third_of_a_turn_makes_red_green_and_green_blue():
    found = hue_rotation(np.array([1 / 3, -1 / 3])[:, None, None])
    np.testing.assert_allclose(found[0] @ (9, 5, 1), (1, 9, 5), atol=1e-12)
    np.testing.assert_allclose(found[1] @ (9, 5, 1), (5, 1, 9), atol=1e-12)


def test_no_strength_changes_nothing_and_grey_has_no_hue():
    assert all(map(np.array_equal, jitter_colours(images(), generator(), (0, 0, 0, 0)), images()))
    grey = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    (found,) = jitter_colours([grey], generator(), (0, 0, 0.5, 0.5))
    assert np.abs(found.astype(int) - grey).max() <= 1


def test_same_generator_same_images():
    first, second = (jitter_colours(images(), generator(3), STRENGTHS) for _ in range(2))
    assert all(map(np.array_equal, first, second))
    assert not any(map(np.array_equal, first, jitter_colours(images(), generator(4), STRENGTHS)))
