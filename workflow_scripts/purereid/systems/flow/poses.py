"""Poses as maps, made on the device of the network from key points."""

import torch

from purereid.data.heatmaps import FRAME

SIGMA = 8.0  # of a joint, in pixels of a picture of 256 rows


def pose_maps(keypoints: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A Gaussian with peak 1 where each joint is, not rounded to a pixel.

    Args:
        keypoints: float32 [B, 18, 3] = (y, x) in pixels of a picture of 128 x 64, and 1 where visible, else 0.
        size: height and width of the maps.

    Returns:
        float32 [B, 18, *size], 0 where a joint is missing.
    """
    sigma, along = SIGMA * size[0] / 256, []
    for axis, pixels in enumerate(size):
        places = (keypoints[..., axis] + 0.5) * (pixels / FRAME[axis]) - 0.5  # centres of pixels go to centres
        distances = torch.arange(pixels, device=keypoints.device) - places[..., None]
        along.append((-(distances / sigma).square() / 2).exp())
    return along[0][..., :, None] * (along[1] * keypoints[..., 2:])[..., None, :]
