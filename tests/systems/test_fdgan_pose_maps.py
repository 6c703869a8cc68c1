"""FD-GAN's pose maps against SciPy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from purereid.data.heatmaps import FRAME
from purereid.data.keypoints import scale_joints
from purereid.systems.fdgan.pose_maps import pose_maps


def slow(joints: np.ndarray, visible: np.ndarray, sigma: float, size: tuple[int, int], image: tuple[int, int]):
    """Published way: an impulse, filtered, divided by its maximum; joints in pixels of an image of some size."""
    maps = np.zeros((18, *size))
    for number, ((y, x), there) in enumerate(zip(joints, visible, strict=True)):
        if there:
            maps[number, int(y * size[0] / image[0]), int(x * size[1] / image[1])] = 1
            maps[number] = gaussian_filter(maps[number], sigma * size[0] / 256, mode="reflect")
            maps[number] /= maps[number].max()
    return maps


@pytest.mark.parametrize(
    ("size", "image"),
    [((256, 128), (128, 64)), ((256, 128), (256, 128)), ((64, 32), (128, 64)), ((128, 64), (128, 64))],
)
@pytest.mark.parametrize("sigma", [4, 5, 6])
def test_against_scipy_also_at_the_border(size: tuple[int, int], image: tuple[int, int], sigma: int):
    rng = np.random.default_rng(sigma)
    joints = np.stack([rng.integers(0, image[0], (2, 18)), rng.integers(0, image[1], (2, 18))], axis=2)
    joints[0, :5] = [[0, 0], [image[0] - 1, image[1] - 1], [2, 30], [64, 1], [image[0] - 2, 62]]
    visible = rng.random((2, 18)) < 0.8
    visible[0, :5] = True
    places = scale_joints(joints, visible, image, FRAME)
    keypoints = torch.tensor(np.concatenate([places, visible[..., None]], 2))
    maps = pose_maps(keypoints.float(), torch.full((2,), float(sigma)), size)
    wanted = [slow(each, there, sigma, size, image) for each, there in zip(joints, visible, strict=True)]
    np.testing.assert_allclose(maps, np.stack(wanted), atol=1e-6)
    assert maps.dtype == torch.float32 and not maps[~torch.from_numpy(visible)].any()


@pytest.mark.parametrize("rows", [64, 100, 192])
def test_joints_of_other_images_stand_at_the_nearest_pixel(rows: int):
    image, size = (rows, rows // 2), (256, 128)
    joints = np.stack([np.linspace(0.2, 0.8, 18) * rows, np.linspace(0.3, 0.7, 18) * rows / 2], axis=1)[None]
    visible = np.ones((1, 18), bool)
    keypoints = torch.tensor(np.concatenate([scale_joints(joints, visible, image, FRAME), visible[..., None]], 2))
    maps = pose_maps(keypoints.float(), torch.tensor([5.0]), size)[0]
    peaks = np.array([np.unravel_index(each.argmax(), size) for each in maps.numpy()])
    assert (abs((peaks + 0.5) * rows / 256 - 0.5 - joints[0]) <= 0.501 * rows / 256 + 1e-3).all()


def test_each_image_has_its_own_sigma():
    keypoints = torch.tensor([64.0, 32.0, 1.0]).expand(2, 18, 3)
    narrow, wide = pose_maps(keypoints, torch.tensor([4.0, 6.0]), (256, 128)).sum(dim=(1, 2, 3))
    assert narrow < 0.6 * wide
