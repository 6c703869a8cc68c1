"""Seconds for all heat maps of a training set: ``PYTHONPATH=workflow_scripts python -m purereid.data.bench_heatmaps``.

Beside them, in the same run, the way of the published tools: one image, one joint or point at a time, over all pixels.
Give a key-point CSV, or take random poses of the size of Market-1501's training set.
"""

import argparse
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from purereid.data.heatmaps import FRAME, SIGMA
from purereid.data.joints import JOINTS
from purereid.data.keypoint_formats import annotation_csv
from purereid.data.keypoints import Keypoints, write_keypoints
from purereid.data.make_heatmaps import make_heatmaps
from purereid.data.part_points import PARTS, part_points

IMAGES = 12_936
SLOW_IMAGES = 100  # measured of the slow way


def main() -> None:
    """Print seconds, size of the files and the load of the machine before the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("keypoints", type=Path, nargs="?", help="CSV as published (name:keypoints_y:keypoints_x)")
    poses = read_poses(parser.parse_args().keypoints)
    number = len(poses.images)
    print(f"{number} images, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write_keypoints(place / "keypoints.parquet", poses)
        started = time.perf_counter()
        files = {name: place / f"{name}.arrow" for name in ("joints", "parts")}
        make_heatmaps(keypoints=place / "keypoints.parquet", **files)
        seconds = time.perf_counter() - started
        size = sum(file.stat().st_size for file in files.values()) / 1e9
        print(f"both kinds, files of {size:.2f} GB written: {seconds:.1f} s")
        slow = slow_seconds(poses, place) * number
    print(f"one by one, float32 and float64 files: {slow:.0f} s ({slow / seconds:.0f} times as long)")


def read_poses(source: Path | None) -> Keypoints:
    """Key points of a file, or random ones."""
    if source is None:
        rng = np.random.default_rng(0)
        joints = rng.integers(0, FRAME, (IMAGES, len(JOINTS), 2))
        names, visible = [f"{row:06d}.jpg" for row in range(IMAGES)], rng.random((IMAGES, len(JOINTS))) < 0.75
    else:
        names, joints, visible = annotation_csv.read(source)
    return Keypoints(names, joints.astype(np.float32), visible, np.tile(np.array(FRAME, np.int32), (len(names), 1)))


def slow_seconds(poses: Keypoints, folder: Path) -> float:
    """Seconds per image of the slow way, writing included."""
    started = time.perf_counter()
    for row in range(SLOW_IMAGES):
        joints, visible = poses.joints[row], poses.visible[row]
        np.save(folder / f"{row}_joints.npy", slow_joint_maps(joints, visible).astype(np.float32))
        np.save(folder / f"{row}_parts.npy", slow_part_maps(joints, visible))
    return (time.perf_counter() - started) / SLOW_IMAGES


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


if __name__ == "__main__":
    main()
