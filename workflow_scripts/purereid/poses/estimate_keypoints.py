"""Estimate the key points of a data set that has none (rule ``estimate_keypoints``)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.data.images import load_images
from purereid.data.index import read_index
from purereid.data.joints import JOINTS
from purereid.data.keypoints import Keypoints, write_keypoints
from purereid.errors import UserError
from purereid.logs import log
from purereid.poses.keypoint_rcnn import HOW_TO_GET_WEIGHTS, SETTING, estimate, load_keypoint_rcnn
from purereid.training.distributed import first_device


def estimate_keypoints(
    *,
    index: str | Path,
    keypoints: str | Path,
    weights: str,
    weights_sha256: str,
    least_person: float,
    least_joint: float,
    short_side: int,
    batch: int,
    splits: Sequence[str],
    threads: int = 1,
    gpus: int = 0,
) -> None:
    """Write the key points of the strongest person in each image, see ``keypoints.write_keypoints``.

    Rows come in the order of the index. An image without a person has a row too; its joints are missing.

    Args:
        index: the data set.
        keypoints: Parquet file that is written.
        weights: safetensors file with the state of torchvision's ``keypointrcnn_resnet50_fpn``.
        weights_sha256: its checksum.
        least_person: a person counts if its score (0..1) is above this.
        least_joint: a joint counts if its score (the height of its peak, without bounds) is above this.
        short_side: pixels to which the shorter side of an image is enlarged; the network was trained on people much
            larger than the crops of a reID data set.
        batch: images at once; images of different sizes never share a batch, so that none depends on another.
        splits: which images.
        threads: image files decoded at once.
        gpus: 0 for the CPU.

    Raises:
        UserError: no weights given, missing or of another network, no images, an image that cannot be read, no GPU
            where one is asked for.
    """
    _check_weights_given(weights)
    device = first_device(gpus)
    network = load_keypoint_rcnn(weights, weights_sha256, short_side, least_person).to(device)
    table = _images_of(index, splits)
    sizes = table[["height", "width"]].to_numpy(np.int32)
    joints = np.empty((len(table), len(JOINTS), 2), np.float32)
    visible = np.empty((len(table), len(JOINTS)), bool)
    score, done = np.empty(len(table), np.float32), 0
    for number, rows in enumerate(_batches(table, batch)):
        height, width = sizes[rows[0]].tolist()
        images = load_images(table["path"].iloc[rows].tolist(), height, width, threads)
        joints[rows], visible[rows], score[rows] = estimate(network, images.to(device), least_joint)
        done += len(rows)
        if number % 20 == 0 or done == len(table):
            log.info("%d of %d images", done, len(table))
    _tell(table, visible, score)
    write_keypoints(keypoints, Keypoints(table["image"].tolist(), joints, visible, sizes))


def _check_weights_given(weights: str) -> None:
    if not weights:
        raise UserError(
            "the data set has no key points, and there are no weights to estimate them with",
            where=f"datasets.NAME.keypoints and {SETTING} are both empty",
            expected="key-point files of the data set (datasets.NAME.keypoints), or a file of weights of torchvision's"
            f" keypointrcnn_resnet50_fpn ({SETTING}) and its checksum ({SETTING}_sha256)",
            do=HOW_TO_GET_WEIGHTS,
        )


def _images_of(index: str | Path, splits: Sequence[str]) -> pd.DataFrame:
    table = read_index(index)
    table = table[table["split"].isin(splits)].reset_index(drop=True)
    if table.empty:
        raise UserError(
            f"the index has no images of {', '.join(splits)}",
            where=index,
            expected="splits of the data set in estimate_keypoints.splits",
        )
    return table


def _batches(table: pd.DataFrame, batch: int) -> list[np.ndarray]:
    """Numbers of the rows of each batch; images of one size in the order of the table, small sizes first."""
    groups = [rows.index.to_numpy() for _, rows in table.groupby(["height", "width"])]
    return [rows[start : start + batch] for rows in groups for start in range(0, len(rows), batch)]


def _tell(table: pd.DataFrame, visible: np.ndarray, score: np.ndarray) -> None:
    """Say in the log what was found; images without a person first."""
    for split, rows in table.groupby("split", sort=False):
        empty = rows.index[score[rows.index] == 0]
        example = f", such as {table['image'][next(iter(empty))]}" if len(empty) else ""
        log.info("%s: %d of %d images show no person%s", split, len(empty), len(rows), example)
    seen = visible.mean(axis=0)
    log.info("joints found: %s", ", ".join(f"{name} {share:.0%}" for name, share in zip(JOINTS, seen, strict=True)))
