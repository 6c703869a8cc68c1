"""Masks of the person from key points, for scores of the person without the background (mask-SSIM, mask-IS).

Ma et al., Pose Guided Person Image Generation, NeurIPS 2017, in the form that Deformable GAN, PATN and GFLA share:
rectangles along the limbs and discs round the joints, then a morphological closing. scikit-image draws them as it does
there: a faster test of distances takes other pixels where the border of a rectangle meets a pixel's centre exactly,
which happens in one image of ten.
"""

import cv2
import numpy as np
from skimage.draw import disk, polygon

from purereid.data.heatmaps import FRAME

LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0)),
    *((0, 14), (14, 16), (0, 15), (15, 17), (1, 16), (1, 17), (8, 11), (11, 5), (8, 2), (16, 17)),
)
RADIUS = 4  # of discs, and half the width of rectangles, in pixels of FRAME
SQUARE = np.ones((5, 5), np.uint8)  # of the closing


def pose_masks(joints: np.ndarray, visible: np.ndarray, size: tuple[int, int] = FRAME) -> np.ndarray:
    """Masks of N poses.

    Args:
        joints: [N, 18, 2] = (y, x) in pixels of ``FRAME``.
        visible: bool [N, 18].
        size: height and width of the masks; they are drawn in ``FRAME`` and stretched by nearest neighbour.

    Returns:
        bool [N, H, W]; empty where all joints are missing.
    """
    masks = np.zeros((len(joints), *size), bool)
    for row, (places, seen) in enumerate(zip(np.asarray(joints, np.float64), visible, strict=True)):
        mask = _closed(_draw(places, seen))
        masks[row] = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return masks


def _draw(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    mask = np.zeros(FRAME, np.uint8)
    for start, end in LIMBS:
        if seen[start] and seen[end] and (places[start] != places[end]).any():
            mask[_rectangle(places[start], places[end])] = 1
    for place in places[seen]:
        mask[disk(place, RADIUS, shape=FRAME)] = 1
    return mask


def _rectangle(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels within ``RADIUS`` of a segment whose ends are cut straight."""
    y, x = start - end
    across = RADIUS * np.array([-x, y]) / np.linalg.norm([y, x])
    corners = np.array([start + across, start - across, end - across, end + across])
    return polygon(corners[:, 0], corners[:, 1], shape=FRAME)


def _closed(mask: np.ndarray) -> np.ndarray:
    """Dilation, then erosion; what lies beyond the border of the image takes no part."""
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, SQUARE)
