"""Pose maps of FD-GAN, made on the training device from key points."""

import torch

from purereid.data.heatmaps import FRAME

CUT = 4.0  # standard deviations after which a Gaussian ends
ROWS = 256  # of the pictures in whose pixels sigma is given


def pose_maps(keypoints: torch.Tensor, sigma: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A Gaussian with peak 1 round each joint.

    As in the published code of FD-GAN (Ge et al. 2018): a joint stands at one pixel; the Gaussian ends after 4 sigma
    and is reflected at the border of the picture, as SciPy's ``gaussian_filter`` does it in its mode ``reflect``; the
    map is divided by its maximum. The pixel is the nearest to the joint, of two as near the first. For maps of 256 x
    128 of images of that size or half of it (Market-1501) it is the published one; of other images it may be a
    neighbour. There a missing joint of pictures larger than 256 x 128 came out at the corner (0, 0); here it is left
    out.

    Args:
        keypoints: float [B, 18, 3] = (y, x) in pixels of a picture of 128 x 64, and 1 where visible, else 0; those
            outside stand at the border.
        sigma: float [B], in pixels of a picture of 256 rows.
        size: height and width of the maps.

    Returns:
        float32 [B, 18, H, W] in 0..1; all zeros where a joint is missing.
    """
    spread = sigma[:, None, None] * (size[0] / ROWS)
    along_y, along_x = (_side(keypoints[..., axis], spread, size[axis], FRAME[axis]) for axis in (0, 1))
    return along_y.unsqueeze(3) * (along_x * keypoints[..., 2:]).unsqueeze(2)


def _side(places: torch.Tensor, sigma: torch.Tensor, pixels: int, of_frame: int) -> torch.Tensor:
    """Profiles [B, 18, pixels] along one side, largest value 1, of places [B, 18] with sigma [B, 1, 1]."""
    scale = pixels / of_frame
    place = ((places + 0.5) * scale - 1).ceil().clamp(0, pixels - 1).unsqueeze(2)  # centres of pixels go to centres
    grid, radius = torch.arange(pixels, device=places.device), (CUT * sigma + 0.5).floor()
    profile = torch.zeros((), device=places.device)
    for seen in (place, -1 - place, 2 * pixels - 1 - place):  # the joint and its two mirror images
        distance = (grid - seen).abs()
        profile = profile + torch.exp(-((distance / sigma) ** 2) / 2) * (distance <= radius)
    return profile / profile.amax(dim=2, keepdim=True)
