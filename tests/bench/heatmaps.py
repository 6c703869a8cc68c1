"""Both kinds of heat maps of random poses, files written; the floor is a copy of the files' bytes.

Beside them the way of the published tools: one image, one joint or point at a time, over all pixels.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.comparison import Row, Way, compare
from bench.floors import copying
from purereid.data.heatmaps import FRAME, SIGMA
from purereid.data.joints import JOINTS
from purereid.data.keypoints import Keypoints, write_keypoints
from purereid.data.make_heatmaps import make_heatmaps
from purereid.data.part_points import PARTS, part_points

NAMES = ("images",)
TINY = (2,)
SMALL, FULL = [(500,)], [(12_936,)]  # those of Market-1501's training set
SAMPLE = 20  # images of the slow way


def comparisons(images: int) -> Iterator[list[Row]]:
    """From a file of key points to files of maps."""
    poses = random_poses(images)
    with TemporaryDirectory() as folder:
        place = Path(folder)
        source, files = place / "keypoints.parquet", {name: place / f"{name}.arrow" for name in ("joints", "parts")}
        write_keypoints(source, poses)
        make_heatmaps(keypoints=source, **files)
        size = sum(file.stat().st_size for file in files.values())
        ways = {
            "bytes copied": Way(images, copying(size)),
            "purereid": Way(images, lambda: make_heatmaps(keypoints=source, **files)),
            "one by one": Way(SAMPLE, lambda: one_by_one(poses, place)),
        }
        yield compare("heatmaps", f"{images} poses, {size / 1e9:.2f} GB", "images", ways)


def random_poses(images: int) -> Keypoints:
    """Joints anywhere in the frame, three of four visible."""
    rng = np.random.default_rng(0)
    joints, visible = rng.integers(0, FRAME, (images, len(JOINTS), 2)), rng.random((images, len(JOINTS))) < 0.75
    names = [f"{row:06d}.jpg" for row in range(images)]
    return Keypoints(names, joints.astype(np.float32), visible, np.tile(np.array(FRAME, np.int32), (images, 1)))


def one_by_one(poses: Keypoints, folder: Path) -> None:
    """The slow way for the first images, files of float32 and float64 written."""
    for row in range(SAMPLE):
        joints, visible = poses.joints[row % len(poses.joints)], poses.visible[row % len(poses.joints)]
        np.save(folder / f"{row}_joints.npy", slow_joint_maps(joints, visible).astype(np.float32))
        np.save(folder / f"{row}_parts.npy", slow_part_maps(joints, visible))


def slow_joint_maps(joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """[H, W, 18] of one image."""
    y, x = np.mgrid[: FRAME[0], : FRAME[1]]
    maps = np.zeros((*FRAME, len(JOINTS)))
    for joint in np.flatnonzero(visible):
        distance = (y - joints[joint, 0]) ** 2 + (x - joints[joint, 1]) ** 2
        maps[:, :, joint] = np.exp(-distance / (2 * SIGMA**2))
    return maps


def slow_part_maps(joints: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """[H, W, 6] of one image."""
    y, x = np.mgrid[: FRAME[0], : FRAME[1]]
    maps = np.zeros((*FRAME, len(PARTS)))
    for channel, part in enumerate(PARTS.values()):
        points = part_points(part, joints[None], visible[None])
        for k in np.flatnonzero(points.counted[0]):
            along = k / points.number[0] if part.narrows else 0
            distance = (y - points.places[0, k, 0]) ** 2 + (x - points.places[0, k, 1]) ** 2
            maps[:, :, channel] += np.exp(-distance / (3 * (2 - along) * part.sigma**2)) / points.number[0]
    return maps.clip(0, 1)
