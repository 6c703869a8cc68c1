"""Key points of a data set: rows, batches, the log, the whole way with random weights, messages."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from purereid.data.index import read_index, write_index
from purereid.data.keypoints import read_keypoints
from purereid.errors import UserError
from purereid.poses import estimate_keypoints as module
from purereid.poses.estimate_keypoints import estimate_keypoints
from purereid.poses.keypoint_rcnn import Estimate, build_network

SETTINGS = {
    "weights": "w.safetensors",
    "weights_sha256": "0" * 64,
    "least_person": 0.0,
    "least_joint": 0.0,
    "short_side": 32,
    "batch": 2,
    "splits": ["train", "query"],
}
SIZES = {"train/a.png": (40, 20), "train/b.png": (48, 24), "train/c.png": (40, 20), "train/d.png": (40, 20)}
SIZES |= {"query/e.png": (48, 24), "gallery/f.png": (40, 20)}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Six grey pictures of two sizes; picture k has the colour 10 k."""
    rows = []
    for number, (image, (height, width)) in enumerate(SIZES.items()):
        path = tmp_path / image
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((height, width, 3), 10 * number, np.uint8))
        rows.append({"image": image, "path": str(path), "split": image.split("/")[0], "height": height, "width": width})
    numbers = {"pid": 1, "camid": 0, "seq": 0, "frame": 0}
    write_index(pd.DataFrame(rows).assign(kind="detected", dataset="t", sha256="", **numbers), tmp_path / "i.parquet")
    return tmp_path / "i.parquet"


def run(index: Path, name: str = "k.parquet", **settings: object) -> Path:
    path = index.with_name(name)
    estimate_keypoints(index=index, keypoints=path, **(SETTINGS | settings))
    return path


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """A network that finds joint 0 alone, at the colour of the picture, and nobody in pictures of the colour 20."""
    seen = []

    def estimate(network: object, images: torch.Tensor, least_joint: float) -> Estimate:
        colours = images[:, 0, 0, 0].numpy().astype(int)
        seen.append(colours.tolist())
        visible = np.zeros((len(images), 18), bool)
        visible[:, 0] = colours != 20
        joints = np.where(visible[..., None], colours[:, None, None], -1).astype(np.float32)
        return Estimate(joints, visible, np.where(colours != 20, 0.5, 0).astype(np.float32))

    monkeypatch.setattr(module, "load_keypoint_rcnn", lambda *_: torch.nn.Identity())
    monkeypatch.setattr(module, "estimate", estimate)
    return seen


def test_rows_come_in_the_order_of_the_index(index: Path, batches: list[list[int]]):
    found = read_keypoints(run(index))
    table = read_index(index)
    assert found.images == table.loc[table["split"] != "gallery", "image"].tolist()
    assert found.joints[:, 0, 0].tolist() == [0, 10, -1, 30, 40]
    assert found.visible[:, 0].tolist() == [True, True, False, True, True] and not found.visible[:, 1:].any()
    assert found.sizes.tolist() == [list(SIZES[image]) for image in found.images]


def test_images_of_one_size_make_a_batch(index: Path, batches: list[list[int]]):
    run(index)
    assert batches == [[0, 20], [30], [10, 40]]
    batches.clear()
    run(index, batch=8, splits=["train", "query", "gallery"])
    assert batches == [[0, 20, 30, 50], [10, 40]]


def test_the_log_tells_what_was_found(index: Path, batches: list[list[int]], caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "purereid"):
        run(index)
    assert "5 of 5 images" in caplog.text
    assert "train: 1 of 4 images show no person, such as train/c.png" in caplog.text
    assert "query: 0 of 1 images show no person\n" in caplog.text
    assert "joints found: nose 80%, neck 0%" in caplog.text


@pytest.fixture
def weights(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of a network with random weights."""
    torch.manual_seed(0)
    path = tmp_path / "keypoint_rcnn.safetensors"
    save_file(build_network(32, 0.0).state_dict(), path)
    yield {"weights": str(path), "weights_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.unlink()  # 240 MB


@pytest.mark.slow
def test_the_whole_way_with_random_weights(index: Path, weights: dict[str, str]):
    path = run(index, **weights)
    found = read_keypoints(path)
    assert found.visible.any() and len(found.images) == 5
    inside = ((found.joints >= 0) & (found.joints < found.sizes[:, None, :])).all(axis=2)
    np.testing.assert_array_equal(inside, found.visible)
    assert path.read_bytes() == run(index, "again.parquet", **weights).read_bytes()


def test_no_weights(index: Path):
    with pytest.raises(UserError, match="the data set has no key points, and there are no weights") as error:
        run(index, weights="")
    for part in ("datasets.NAME.keypoints", "estimate_keypoints.weights_sha256", "machine with internet"):
        assert part in str(error.value)
    assert 'keypointrcnn_resnet50_fpn(weights="COCO_V1")' in str(error.value)


def test_no_images(index: Path, batches: list[list[int]]):
    with pytest.raises(UserError, match="the index has no images of val, multi"):
        run(index, splits=["val", "multi"])


def test_a_missing_gpu_and_a_missing_file_are_told(index: Path):
    with pytest.raises(UserError, match=r"99 GPU\(s\) asked for"):
        run(index, gpus=99)
    with pytest.raises(UserError, match="weights file cannot be read: No such file"):
        run(index, weights=str(index.with_name("none.safetensors")))
