"""Which joints of a rendered person can be seen."""

import numpy as np

from purereid.people.atlas import NUMBER, PARTS
from purereid.people.body import JOINTS

# Shoulders, hips and neck are guessed well by pose estimators wherever the body itself is seen.
_LIMB_PARTS = {
    "elbow": ("{side}_upper_arm", "{side}_forearm"),
    "wrist": ("{side}_forearm", "{side}_hand"),
    "knee": ("{side}_thigh", "{side}_shin", "skirt"),
    "ankle": ("{side}_shin", "{side}_foot"),
}
FACE = ("nose", "eye", "ear")
FACE_PARTS = ("head", "hair")
FACE_BEHIND = 0.05  # metres a point of the face may lie behind the seen surface


def expected_parts(joint: str) -> tuple[str, ...]:
    """Names of the parts one of which is seen at the pixel of a visible joint."""
    side, _, name = joint.rpartition("_")
    if name in FACE:
        return FACE_PARTS
    return tuple(part.format(side=side) for part in _LIMB_PARTS.get(name, PARTS))


def visible_joints(keypoints: np.ndarray, joint_depth: np.ndarray, part: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Tell seen joints from covered ones.

    Args:
        keypoints: int [18, 2] (y, x) pixels.
        joint_depth: [18] metres away.
        part: uint8 [H, W] part numbers, 0 where the body is not seen.
        depth: [H, W] metres to the seen surface.

    Returns:
        bool [18]: inside the image, an expected part at the pixel, and for the face: on the side seen. As in the
        published files, a wrist is missing with its elbow and an ankle with its knee.
    """
    rows, columns = part.shape
    y, x = keypoints.T
    visible = (y >= 0) & (y < rows) & (x >= 0) & (x < columns)
    y, x = np.where(visible, y, 0), np.where(visible, x, 0)
    visible &= _EXPECTED[np.arange(len(JOINTS)), part[y, x]]
    visible &= ~_IS_FACE | (joint_depth < depth[y, x] + FACE_BEHIND)
    for upper, lower in ((3, 4), (6, 7), (9, 10), (12, 13)):
        visible[lower] &= visible[upper]
    return visible


def _expected_table() -> np.ndarray:
    table = np.zeros((len(JOINTS), len(PARTS) + 1), bool)
    for row, joint in enumerate(JOINTS):
        table[row, [NUMBER[part] for part in expected_parts(joint)]] = True
    return table


_EXPECTED = _expected_table()
_IS_FACE = np.array([joint.rpartition("_")[2] in FACE for joint in JOINTS])
