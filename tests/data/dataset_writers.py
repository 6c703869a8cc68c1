"""Small data sets of noise images in every layout that index_dataset reads, for the tests of this folder."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from purereid.data.index import read_index
from purereid.data.index_dataset import index_dataset

MARKET = (
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c2s1_000776_01.jpg",
    "bounding_box_train/0007_c3s3_077419_03.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "query/0003_c2s1_002301_00.jpg",
    "bounding_box_test/0001_c2s1_000301_02.jpg",
    "bounding_box_test/0003_c6s3_088392_01.jpg",
    "bounding_box_test/0000_c4s1_000151_01.jpg",
    "bounding_box_test/-1_c1s1_000401_03.jpg",
    "gt_bbox/0001_c1s1_001051_00.jpg",
    "gt_bbox/0002_c1s1_000451_00.jpg",
)
DUKE = (
    "bounding_box_train/0001_c2_f0046182.jpg",
    "bounding_box_train/0002_c1_f0044158.jpg",
    "query/0005_c2_f0046985.jpg",
    "bounding_box_test/0005_c8_f0051341.jpg",
    "bounding_box_test/4095_c5_f0100000.jpg",
)


def write_image(path: Path, width: int = 16, height: int = 32) -> None:
    """Write a picture of noise that depends on the path alone, so that no two are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(list(path.as_posix().encode()))
    Image.fromarray(draws.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)


def write_images(root: Path, names: tuple[str, ...] | list[str]) -> Path:
    """Write pictures under a folder and return it."""
    for name in names:
        write_image(root / name)
    return root


def run(out: Path, format: str, folder: Path | None = None, **settings: object):
    """Index a data set into a folder; returns the table that was written."""
    index_dataset(
        index=out / "index.parquet",
        doctor=out / "doctor.json",
        report=out / "doctor.html",
        images=out / "images",
        name=settings.pop("name", "test"),
        format=format,
        folder=None if folder is None else str(folder),
        **settings,
    )
    return read_index(out / "index.parquet")


def write_cuhk03(path: Path, persons: tuple[int, ...] = (3, 2), tests: int = 20) -> dict[str, np.ndarray]:
    """Write a file laid out as cuhk-03.mat; every person has images 1, 2 (view 1) and 6, 7 (view 2).

    Person 2 of pair 1 has image 1 alone. Returns the picture [H, W, 3] that each unpacked name should hold.
    """
    pictures: dict[str, np.ndarray] = {}
    draws = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for boxes in ("labeled", "detected"):
            pairs = [_write_pair(file, boxes, pair, number, draws, pictures) for pair, number in enumerate(persons, 1)]
            _write_references(file, boxes, [pairs])
        sets = []
        for number in range(tests):
            # split k tests person 1 of pair 1 and, from split 1 on, person 1 of pair 2
            members = np.array([[1, 1], [2, 1]] if number else [[1, 1]], dtype=np.float64)
            sets.append(file.create_dataset(f"#refs#/test{number}", data=members.T).ref)
        _write_references(file, "testsets", [sets])
    return pictures


def _write_pair(file: h5py.File, boxes: str, pair: int, persons: int, draws, pictures: dict) -> h5py.Reference:
    rows = []
    for person in range(1, persons + 1):
        row = []
        for number in range(1, 11):
            place = f"#refs#/{boxes}_{pair}_{person}_{number}"
            there = number == 1 if (pair, person) == (1, 2) else number in (1, 2, 6, 7)
            if there:
                picture = draws.integers(0, 256, (30 + number, 12, 3), dtype=np.uint8)
                row.append(file.create_dataset(place, data=picture.T).ref)
                pictures[f"{boxes}/{pair}_{person:03d}_{1 if number <= 5 else 2}_{number:02d}.png"] = picture
            else:
                row.append(file.create_dataset(place, data=np.zeros(2, dtype=np.uint64)).ref)
        rows.append(row)
    return _write_references(file, f"#refs#/{boxes}_{pair}", [list(column) for column in zip(*rows, strict=True)])


def _write_references(file: h5py.File, place: str, rows: list[list[h5py.Reference]]) -> h5py.Reference:
    cells = file.create_dataset(place, (len(rows), len(rows[0])), dtype=h5py.ref_dtype)
    for row, references in enumerate(rows):
        for column, reference in enumerate(references):
            cells[row, column] = reference
    return cells.ref


def write_new_split(path: Path, names: list[str], splits: dict[str, list[int]]) -> None:
    """Write a file laid out as cuhk03_new_protocol_config_*.mat; ``splits`` holds row numbers from 1."""
    filelist = np.empty((len(names), 1), dtype=object)
    filelist[:, 0] = names
    content = {
        "filelist": filelist,
        "labels": np.ones((len(names), 1), np.uint16),
        "camId": np.array([[int(name.split("_")[2])] for name in names], np.uint8),
    }
    keys = {f"{split}_idx": np.array(rows)[:, None] for split, rows in splits.items()}
    scipy.io.savemat(path, content | keys)


def shared_data(name: str) -> Path:
    """A published file in the folder ``shared`` beside the repository; the test is skipped where it is not."""
    path = Path(__file__).resolve().parents[2].parent / "shared" / "data" / name
    if not path.is_file():
        pytest.skip(f"{path.name} does not lie in shared/data beside the repository")
    return path
