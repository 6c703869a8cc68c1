"""How an image is spoiled by its pixels."""

import numpy as np
import pytest

from purereid.generation.spoil import SPOILED, spoil

SEEDS = range(40)


@pytest.fixture
def image() -> np.ndarray:
    """No two pixels near each other are alike."""
    return np.random.default_rng(99).integers(0, 256, (3, 32, 16), np.uint8)


def spoiled(image: np.ndarray, kind: str) -> np.ndarray:
    """The image as many times as there are seeds, [N, 3, H, W]."""
    return np.stack([spoil(image, kind, np.random.default_rng(seed)) for seed in SEEDS])


@pytest.mark.parametrize("kind", SPOILED)
def test_a_copy_that_depends_on_image_and_draws_alone(image, kind):
    before, last = image.copy(), np.ascontiguousarray(image.transpose(1, 2, 0)).transpose(2, 0, 1)
    changed = spoiled(image, kind)
    assert changed.dtype == np.uint8 and changed.shape == (len(SEEDS), *image.shape)
    assert (changed != image).reshape(len(SEEDS), -1).any(axis=1).all()
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(changed, spoiled(last, kind))  # whatever the order of the memory


def test_noise_covers_half_of_the_blocks(image):
    changed = spoiled(np.full_like(image, 7), "noise")
    touched = (changed != 7).any(axis=1).reshape(-1, 8, 4, 4, 4).any(axis=(2, 4))
    assert (touched.sum(axis=(1, 2)) == 16).all() and len(np.unique(touched, axis=0)) == len(SEEDS)
    noise = changed.transpose(0, 2, 3, 1)[touched.repeat(4, axis=1).repeat(4, axis=2)]
    assert 126 < noise.mean() < 129 and 72 < noise.std() < 76  # uniform: 127.5 and 73.9


def test_nothing_is_left_under_noise_alone(image):
    changed = spoiled(image, "only_noise")
    np.testing.assert_array_equal(changed, spoiled(np.full_like(image, 7), "only_noise"))
    assert len(np.unique(changed, axis=0)) == len(SEEDS)
    assert 126 < changed.mean() < 129 and 72 < changed.std() < 76  # uniform: 127.5 and 73.9


def test_blur_leaves_colours_alone():
    image = np.zeros((3, 96, 48), np.uint8)
    image[:, :48] = 200
    image[0, 40:56, ::2] = 255
    changed = spoiled(image, "blur")
    assert (changed == changed[0]).all()
    assert np.abs(np.diff(changed[0].astype(int), axis=2)).max() <= 5  # no stripes are left
    assert (changed[0, 1, 0] > 198).all() and (changed[0, 1, -1] < 2).all()
    np.testing.assert_allclose(changed[0].mean(axis=(1, 2)), image.mean(axis=(1, 2)), atol=2)


def test_grey_box_hides_all_but_the_edge(image):
    changed = spoiled(image, "grey_box")
    assert (changed[:, :, 4:28, 2:14] == 128).all()
    edge = np.ones((32, 16), bool)
    edge[4:28, 2:14] = False
    assert (changed[:, :, edge] == image[:, edge]).all()


def test_upside_down_is_also_aside(image):
    turned = image[:, ::-1]
    right = np.concatenate([np.repeat(turned[..., :1], 5, axis=2), turned[..., :-5]], axis=2)
    left = np.concatenate([turned[..., 5:], np.repeat(turned[..., -1:], 5, axis=2)], axis=2)
    to_right, to_left = ((spoiled(image, "upside_down") == side).all(axis=(1, 2, 3)) for side in (right, left))
    assert (to_right ^ to_left).all() and to_right.any() and to_left.any()
