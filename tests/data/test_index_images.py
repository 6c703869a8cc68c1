"""Images read by their names in an index."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from purereid.data import index_images as module
from purereid.data.images import load_images
from purereid.data.index_images import IndexImages
from purereid.errors import UserError


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Three images of random pixels."""
    rng, rows = np.random.default_rng(0), []
    for image in ("train/a.png", "train/b.png", "query/a.png"):
        path = tmp_path / image
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (20, 10, 3), dtype=np.uint8))
        rows.append({"image": image, "path": str(path)})
    return pd.DataFrame(rows)


def test_images_come_in_the_order_of_their_names(table: pd.DataFrame):
    names = ["query/a.png", "train/a.png", "query/a.png", "train/b.png"]
    found = IndexImages(table, (16, 8), 2).of(pd.Series(names, index=[7, 3, 3, 1]))
    paths = table.set_index("image").loc[names, "path"].tolist()
    assert torch.equal(found, load_images(paths, 16, 8)) and found.dtype == torch.uint8


def test_each_file_is_read_once(table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch):
    read = []
    monkeypatch.setattr(module, "load_images", lambda paths, *size: read.extend(paths) or load_images(paths, *size))
    IndexImages(table, (16, 8), 1).of(pd.Series(["train/b.png", "train/a.png", "train/b.png"]))
    assert read == [table["path"][1], table["path"][0]]


def test_unknown_image_is_told(table: pd.DataFrame):
    with pytest.raises(UserError, match=r"nobody\.png is not in the index"):
        IndexImages(table, (16, 8), 1).of(pd.Series(["train/a.png", "nobody.png"]))
