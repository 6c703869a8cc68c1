"""The 18 joints of a pose: their order, and which of them change places in a mirror image.

The order is OpenPose's (COCO-18), that of the published key-point files of Market-1501. The label lists published with
those files call joints 14 to 17 "Leye, Reye, Lear, Rear"; that is the wrong way round. In its training images from the
front, where the right shoulder lies clearly left of the left one, 14 lies left of 15 in more than 99.9 % of the images
that show both, and so does 16 of 17: 14 and 16 are the RIGHT eye and ear (a test counts them).
"""

import numpy as np

JOINTS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
)
NUMBER = {name: number for number, name in enumerate(JOINTS)}


def _other_side(name: str) -> str:
    side, _, part = name.partition("_")
    return {"right": f"left_{part}", "left": f"right_{part}"}.get(side, name)


# FLIP[k] is the joint that stands at the place of joint k in the mirror image
FLIP = np.array([NUMBER[_other_side(name)] for name in JOINTS])


def flip_joints(joints: np.ndarray, visible: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints of the mirror images: x becomes width - 1 - x, and right joints become left ones.

    Args:
        joints: float [N, 18, 2] = (y, x) in pixels, (-1, -1) where missing.
        visible: bool [N, 18].
        width: of the images, in pixels.
    """
    mirrored = joints[:, FLIP].copy()
    mirrored[..., 1] = width - 1 - mirrored[..., 1]
    visible = visible[:, FLIP]
    return np.where(visible[..., None], mirrored, -1).astype(joints.dtype), visible
