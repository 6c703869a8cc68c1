"""Heat maps of poses: one map per joint, and one per body part.

Joint maps: Siarohin et al., Deformable GANs for Pose-based Human Image Generation, CVPR 2018, and Zhu et al.,
Progressive Pose Attention Transfer for Person Image Generation, CVPR 2019. Body-part maps: the published tool of
lulujianjie/efficient-person-generation-for-reid. Both sum Gaussians, and a Gaussian of the plane is the product of one
along y and one along x: the map of a part with K points is one product of matrices, [H, K] times [K, W].

Widths of Gaussians are in pixels of a picture of 128 x 64, the ``FRAME``; maps of another size show the same Gaussians
on a finer or coarser grid.
"""

import numpy as np
import torch

from purereid.data.part_points import PARTS, Part, part_points

FRAME = (128, 64)  # height, width
SIGMA = 6.0
LEAST_EXPONENT = -40  # e^-40 = 4e-18; products of smaller numbers would be denormal, with which processors are slow


def joint_maps(
    joints: np.ndarray,
    visible: np.ndarray,
    size: tuple[int, int] = FRAME,
    sigma: float = SIGMA,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """Gaussians exp(-d^2 / (2 sigma^2)) round the joints, cut off nowhere.

    Args:
        joints: [N, 18, 2] = (y, x) in pixels of ``FRAME``.
        visible: bool [N, 18].
        size: height and width of the maps.
        sigma: in pixels of ``FRAME``; 6 in both papers.
        device: where to compute.

    Returns:
        float32 [N, 18, H, W] in 0..1, 1 at the joint; all zeros where a joint is missing.
    """
    places = torch.as_tensor(np.asarray(joints, np.float32), device=device)
    weight = torch.as_tensor(np.asarray(visible, np.float32), device=device)
    spread = torch.full_like(weight, 2 * sigma**2)
    along_y, along_x = _gaussians(places, spread, size)
    return along_y.unsqueeze(3) * (along_x * weight.unsqueeze(2)).unsqueeze(2)


def part_maps(
    joints: np.ndarray, visible: np.ndarray, size: tuple[int, int] = FRAME, device: torch.device | str = "cpu"
) -> torch.Tensor:
    """Mean of the Gaussians round the points of each body part.

    With the points k = 0..n-1 of a part (``part_points``), width s and t_k = k / n for parts that narrow, else 0:
    (1 / n) sum over k of exp(-d_k^2 / (3 (2 - t_k) s^2)). n counts missing joints too. Values are means, so that the
    maximum depends on the part: near 0.9 for the head, 0.17 for the torso, 0.3 to 0.5 for limbs.

    Args:
        joints, visible, size, device: as for ``joint_maps``.

    Returns:
        float32 [N, 6, H, W] in 0..1, in the order of ``PARTS``; all zeros where no joint of a part is there.
    """
    return torch.stack([_part_map(part, joints, visible, size, device) for part in PARTS.values()], dim=1)


def _part_map(
    part: Part, joints: np.ndarray, visible: np.ndarray, size: tuple[int, int], device: torch.device | str
) -> torch.Tensor:
    points = part_points(part, joints, visible)
    number = points.number[:, None]
    along = np.arange(points.counted.shape[1]) / number if part.narrows else np.zeros(points.counted.shape)
    spread = 3 * (2 - np.minimum(along, 1)) * part.sigma**2
    places, spread, weight = (
        torch.as_tensor(values.astype(np.float32), device=device)
        for values in (points.places, spread, points.counted / number)
    )
    along_y, along_x = _gaussians(places, spread, size)
    return torch.bmm(along_y.transpose(1, 2), along_x * weight.unsqueeze(2)).clamp_(0, 1)


def _gaussians(places: torch.Tensor, spread: torch.Tensor, size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """exp(-d^2 / spread) along y, [N, K, H], and along x, [N, K, W], of places [N, K, 2] with spread [N, K]."""
    sides = []
    for axis in (0, 1):
        distance = _grid(size[axis], FRAME[axis], places.device) - places[..., axis].unsqueeze(2)
        sides.append(distance.square_().div_(-spread.unsqueeze(2)).clamp_(min=LEAST_EXPONENT).exp_())
    return sides[0], sides[1]


def _grid(pixels: int, of_frame: int, device: torch.device) -> torch.Tensor:
    """Centres of the pixels of a map along one side, in pixels of ``FRAME``."""
    return (torch.arange(pixels, dtype=torch.float32, device=device) + 0.5) * (of_frame / pixels) - 0.5
