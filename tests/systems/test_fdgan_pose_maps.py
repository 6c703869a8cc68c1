"""FD-GAN's pose maps against SciPy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from purereid.systems.fdgan.pose_maps import pose_maps


def slow(joints: np.ndarray, visible: np.ndarray, sigma: float, size: tuple[int, int]) -> np.ndarray:
    """Published way: an impulse, filtered, divided by its maximum."""
    maps = np.zeros((18, *size))
    for number, ((y, x), there) in enumerate(zip(joints, visible, strict=True)):
        if there:
            maps[number, int(y * size[0] / 128), int(x * size[1] / 64)] = 1
            maps[number] = gaussian_filter(maps[number], sigma * size[0] / 256, mode="reflect")
            maps[number] /= maps[number].max()
    return maps


@pytest.mark.parametrize("size", [(256, 128), (64, 32), (128, 64)])
@pytest.mark.parametrize("sigma", [4, 5, 6])
def test_against_scipy_also_at_the_border(size: tuple[int, int], sigma: int):
    rng = np.random.default_rng(sigma)
    joints = np.stack([rng.integers(0, 128, (2, 18)), rng.integers(0, 64, (2, 18))], axis=2)
    joints[0, :5] = [[0, 0], [127, 63], [2, 30], [64, 1], [126, 62]]
    visible = rng.random((2, 18)) < 0.8
    visible[0, :5] = True
    keypoints = torch.tensor(np.concatenate([np.where(visible[..., None], joints, -1), visible[..., None]], 2))
    maps = pose_maps(keypoints.float(), torch.full((2,), float(sigma)), size)
    wanted = [slow(each, there, sigma, size) for each, there in zip(joints, visible, strict=True)]
    np.testing.assert_allclose(maps, np.stack(wanted), atol=1e-6)
    assert maps.dtype == torch.float32 and not maps[~torch.from_numpy(visible)].any()


def test_each_image_has_its_own_sigma():
    keypoints = torch.tensor([64.0, 32.0, 1.0]).expand(2, 18, 3)
    narrow, wide = pose_maps(keypoints, torch.tensor([4.0, 6.0]), (256, 128)).sum(dim=(1, 2, 3))
    assert narrow < 0.6 * wide
