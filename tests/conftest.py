"""What the tests share: a tiny data set, small settings, the folders of the repository."""

import logging
import shutil
import signal
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from configured import default_config
from purereid.data.index import write_index
from purereid.logs import log
from workflow_project import Project, copy, made_once

ROOT = Path(__file__).parents[1]
pytest_plugins = ["generators", "encoders"]  # data sets and settings of the tests of trainings
torch.set_num_threads(1)  # the networks of the tests are small, and the workflow's jobs run beside them
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs tests in the background has it ignored


@pytest.fixture(autouse=True)
def checkpoint_after_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long writing one takes beside a training of milliseconds."""
    monkeypatch.setattr("purereid.training.loop.SHARE", 0)


@pytest.fixture(autouse=True)
def logger_as_in_a_new_process() -> None:
    """What an earlier test called may have opened a job's log, where the logger stays: nothing would be captured."""
    log.handlers.clear()
    log.setLevel(logging.NOTSET)
    log.propagate = True


@pytest.fixture
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture
def config() -> dict:
    """The config of the repository, to be changed."""
    return default_config()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Index of 8 people in coloured clothes, 6 images each in 3 cameras; even people train, odd ones test."""
    rng = np.random.default_rng(0)
    rows = []
    for pid in range(8):
        clothes = rng.integers(0, 256, (4, 2, 3), dtype=np.uint8)
        for number in range(6):
            split = "train" if pid % 2 == 0 else ("query" if number == 0 else "gallery")
            rows.append(_image_row(tmp_path / "images", clothes, rng, split, pid, number))
    path = tmp_path / "index.parquet"
    write_index(pd.DataFrame(rows), path)
    return path


def _image_row(
    folder: Path, clothes: np.ndarray, rng: np.random.Generator, split: str, pid: int, number: int
) -> dict[str, object]:
    name = f"{pid:04d}_c{number % 3 + 1}s1_{number:06d}_01.jpg"
    path = folder / split / name
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = cv2.resize(clothes, (32, 64), interpolation=cv2.INTER_NEAREST) + rng.normal(0, 12, (64, 32, 3))
    cv2.imwrite(str(path), picture.clip(0, 255).astype(np.uint8))
    numbers = {"pid": pid, "camid": number % 3, "seq": 1, "frame": number, "width": 32, "height": 64}
    texts = {"image": f"{split}/{name}", "path": str(path), "split": split, "kind": "detected"}
    return texts | numbers | {"sha256": f"{pid:032d}{number:032d}", "dataset": "tiny"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The tiny workflow, run to its end; tests only look at it."""
    return Project(made_once(tmp_path_factory, "finished", lambda folder: copy(ROOT, folder).run()))


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished workflow that a test may change."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
