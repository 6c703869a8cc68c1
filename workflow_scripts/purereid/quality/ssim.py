"""Structural similarity of generated and real images (Wang et al., IEEE Transactions on Image Processing 2004).

What is published under this name for generated persons is not one score:

- PATN, Deformable GAN: ``window="gaussian"``, the range of values taken from each generated image. One number changes
  by several hundredths with this rule alone: an image with less contrast scores lower than with 255.
- PG2, and DG-Net's diversity: ``window="uniform"``, ``data_range=255``.

Both are scikit-image's ``structural_similarity`` for colour images, here for many images at once: means over a window
that slides over an image are two products with band matrices. All in float64, as scikit-image does for uint8.
"""

from typing import Literal

import torch

from purereid.errors import UserError
from purereid.quality.pixels import check_pairs, masked

K1, K2 = 0.01, 0.03
SIGMA, RADIUS = 1.5, 5  # of the Gaussian window; the radius is scikit-image's since 0.15, it was 6 before
SIDE = 7  # of the uniform window
BLOCK = 16  # images worked on at a time


def ssim(
    generated: torch.Tensor,
    real: torch.Tensor,
    *,
    window: Literal["gaussian", "uniform"] = "gaussian",
    data_range: float | None = None,
) -> torch.Tensor:
    """Structural similarity of each pair of images, mean over its pixels and colours.

    Pixels closer to the border than the window's radius take no part, as in scikit-image.

    Args:
        generated, real: uint8 [N, 3, H, W] on one device.
        window: ``gaussian``: 11 x 11, sigma 1.5, population covariance; ``uniform``: 7 x 7, sample covariance.
        data_range: the score's L, in levels; None: largest minus smallest value of each generated image (PATN). A
            generated image of one colour has the range 0, for which the score is not defined; it is given the range 1,
            with which it scores about 0 against everything but another flat image.

    Returns:
        float64 [N], -1..1, on the images' device; 1 for equal images.

    Raises:
        UserError: the images differ in size or are smaller than the window.
    """
    check_pairs(generated, real)
    taps = _taps(window)
    _check_size(real, len(taps))
    rows, columns = (_sliding_mean(taps, length).to(real.device) for length in real.shape[2:])
    unbiased = len(taps) ** 2 / (len(taps) ** 2 - 1) if window == "uniform" else 1.0
    scores = []
    for x, y in zip(generated.split(BLOCK), real.split(BLOCK), strict=True):
        levels = _ranges(x) if data_range is None else torch.full_like(x[:, 0, 0, 0], data_range, dtype=torch.float64)
        scores.append(_block(x.double(), y.double(), rows, columns, levels[:, None, None, None], unbiased))
    return torch.cat(scores)


def mask_ssim(generated: torch.Tensor, real: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """PATN's similarity of the persons alone: both images are 0 outside the mask, and so is the range's lower end.

    Args:
        generated, real: uint8 [N, 3, H, W].
        masks: bool [N, H, W], of the wanted pose. Leave images with an empty mask out: they score 1.

    Returns and raises as ``ssim``.
    """
    return ssim(masked(generated, masks), masked(real, masks))


def _block(
    x: torch.Tensor, y: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, levels: torch.Tensor, unbiased: float
) -> torch.Tensor:
    """Equation 13 of the paper, from the means and variances of x + y and x - y: four maps to slide over, not five.

    With s and d for these two, 2 mean(x) mean(y) = (mean(s)^2 - mean(d)^2) / 2, mean(x)^2 + mean(y)^2 is the same with
    a plus, and so for covariance and variances; the halves cancel where the constants are doubled.
    """
    both = torch.stack([x + y, x - y])
    mean, mean_square = (rows @ (maps @ columns.T) for maps in (both, both**2))
    square_s, square_d = mean**2
    variance_s, variance_d = unbiased * (mean_square - mean**2)
    c1, c2 = 2 * (K1 * levels) ** 2, 2 * (K2 * levels) ** 2
    similar = (square_s - square_d + c1) * (variance_s - variance_d + c2)
    return (similar / ((square_s + square_d + c1) * (variance_s + variance_d + c2))).mean((1, 2, 3))


def _ranges(images: torch.Tensor) -> torch.Tensor:
    """Largest minus smallest value of each image, at least 1: float64 [N]."""
    return (images.amax((1, 2, 3)) - images.amin((1, 2, 3))).clamp(min=1).double()


def _taps(window: str) -> torch.Tensor:
    """Weights of a window along one side."""
    if window == "uniform":
        return torch.full((SIDE,), 1 / SIDE, dtype=torch.float64)
    weights = torch.exp(-0.5 * (torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float64) / SIGMA) ** 2)
    return weights / weights.sum()


def _sliding_mean(taps: torch.Tensor, length: int) -> torch.Tensor:
    """Matrix [length - taps + 1, length] that takes the weighted mean at every place where the window fits."""
    matrix = torch.zeros(length - len(taps) + 1, length, dtype=torch.float64)
    for place, row in enumerate(matrix):
        row[place : place + len(taps)] = taps
    return matrix


def _check_size(images: torch.Tensor, side: int) -> None:
    height, width = images.shape[2:]
    if min(height, width) < side:
        raise UserError(
            f"images of {height} x {width} pixels are too small for a similarity score",
            expected=f"at least {side} x {side} pixels, the size of its window",
        )
