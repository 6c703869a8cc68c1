"""Heat maps of all images with key points (rule ``make_heatmaps``)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch

from purereid.data.heatmap_file import write_heatmaps
from purereid.data.heatmaps import FRAME, SIGMA, joint_maps, part_maps
from purereid.data.joints import JOINTS
from purereid.data.keypoints import Keypoints, read_keypoints
from purereid.data.part_points import PARTS
from purereid.logs import log
from purereid.threads import torch_in_one_thread

BATCH_VALUES = 2_400_000  # of maps computed at a time: few enough to stay in the processor's cache


def make_heatmaps(
    *,
    keypoints: Path,
    joints: Path,
    parts: Path,
    height: int = FRAME[0],
    width: int = FRAME[1],
    sigma: float = SIGMA,
    gpus: int = 0,
) -> None:
    """Write joint maps and body-part maps, see ``heatmaps`` for their definition and ``heatmap_file`` for the files.

    Both hold the images of the key points in the same order. Stored values are off by at most 1/510 of the largest
    value of their channel.

    Args:
        keypoints: the file of key points.
        joints: Arrow file of the joint maps [18, H, W].
        parts: Arrow file of the body-part maps [6, H, W].
        height, width: of the maps, in pixels.
        sigma: of the joint maps, in pixels of a picture of 128 x 64.
        gpus: 0 computes on the CPU.

    Raises:
        UserError: key points that cannot be read.
    """
    poses = read_keypoints(keypoints)
    size, device = (height, width), torch.device("cuda" if gpus else "cpu")
    joint_batches = _batches(poses, partial(joint_maps, size=size, sigma=sigma, device=device), len(JOINTS), size)
    part_batches = _batches(poses, partial(part_maps, size=size, device=device), len(PARTS), size)
    # each file keeps a core busy, and waiting for helpers would cost more
    with torch_in_one_thread(), ThreadPoolExecutor(2) as pool:
        files = [
            pool.submit(write_heatmaps, joints, JOINTS, size, joint_batches),
            pool.submit(write_heatmaps, parts, list(PARTS), size, part_batches),
        ]
        for file in files:
            file.result()
    log.info("%d joint maps and %d body-part maps each of %d images", len(JOINTS), len(PARTS), len(poses.images))


def _batches(
    poses: Keypoints, compute: Callable[[np.ndarray, np.ndarray], torch.Tensor], channels: int, size: tuple[int, int]
) -> Iterator[tuple[list[str], torch.Tensor]]:
    places = poses.scaled(*FRAME)
    number = max(1, BATCH_VALUES // (channels * size[0] * size[1]))
    for start in range(0, len(poses.images), number):
        rows = slice(start, start + number)
        yield poses.images[rows], compute(places[rows], poses.visible[rows])
