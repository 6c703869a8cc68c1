"""Pairs against itertools and the published lists."""

import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_writers import shared_data

from purereid.data.formats.market1501 import parse
from purereid.data.import_keypoints import import_keypoints
from purereid.data.index import write_index
from purereid.data.keypoints import Keypoints, write_keypoints
from purereid.data.pairs import all_pairs, draw, read_pairs, sample_pairs, write_published_pairs
from purereid.errors import UserError


def make_index(path: Path, rows: list[tuple[str, int]]) -> Path:
    """Write an index of (image, pid); the split is the folder."""
    table = pd.DataFrame(rows, columns=["image", "pid"])
    table["split"] = table["image"].str.split("/").str[0]
    rest = {"camid": 0, "seq": 0, "frame": 0, "height": 128, "width": 64, "kind": "detected"}
    write_index(table.assign(path=table["image"], sha256=table["image"], dataset="test", **rest), path)
    return path


def make_keypoints(path: Path, images: list[str], missing: dict[str, int] | None = None) -> Path:
    """All joints at one place, but for the joint missing of some images."""
    visible = np.ones((len(images), 18), bool)
    for image, joint in (missing or {}).items():
        visible[images.index(image), joint] = False
    joints = np.where(visible[..., None], [9, 9], -1).astype(np.float32)
    write_keypoints(path, Keypoints(images, joints, visible, np.full((len(images), 2), (128, 64), np.int32)))
    return path


def run(tmp_path: Path, rows: list[tuple[str, int]], images: list[str], missing=None, **settings) -> list[tuple]:
    sample_pairs(
        index=make_index(tmp_path / "index.parquet", rows),
        keypoints=make_keypoints(tmp_path / "keypoints.parquet", images, missing),
        pairs=tmp_path / "pairs.parquet",
        **settings,
    )
    return list(read_pairs(tmp_path / "pairs.parquet").itertuples(index=False, name=None))


ROWS = [("train/a", 5), ("train/b", 5), ("train/c", 5), ("train/d", 2), ("train/e", 2), ("train/f", 9)]


def test_pairs_come_in_the_order_of_the_key_points(tmp_path):
    found = run(tmp_path, ROWS, ["train/e", "train/c", "train/a", "train/d", "train/f", "train/b"])
    persons = [["train/e", "train/d"], ["train/c", "train/a", "train/b"]]
    assert found == [pair for person in persons for pair in itertools.permutations(person, 2)]


@pytest.mark.parametrize("joint", [2, 5, 8, 11])
def test_images_without_a_shoulder_or_hip_are_left_out(tmp_path, joint):
    images = [image for image, _ in ROWS]
    found = run(tmp_path, ROWS, images, {"train/b": joint, "train/d": 4})
    assert set(found) == {
        *itertools.permutations(["train/a", "train/c"], 2),
        *itertools.permutations(["train/d", "train/e"], 2),
    }


def test_only_persons_of_the_asked_splits(tmp_path):
    gallery = [("gallery/1", 1), ("gallery/2", 1), ("gallery/3", 0), ("gallery/4", 0), ("gallery/5", -1)]
    gallery += [("gallery/6", -1), ("gallery/7", 40), ("gallery/8", 40), ("query/1", 1)]
    rows = [*ROWS, *gallery]
    images = [image for image, _ in rows]
    found = run(tmp_path, rows, images, splits=["gallery"])
    assert found == [("gallery/1", "gallery/2"), ("gallery/2", "gallery/1")]
    assert len(run(tmp_path, rows, images, splits=["query", "gallery"])) == 6


def test_identity_0_of_the_training_images_is_a_person(tmp_path):
    rows = [("train/a", 0), ("train/b", 0)]
    assert len(run(tmp_path, rows, ["train/a", "train/b"])) == 2


def test_all_pairs_agree_with_itertools():
    persons = np.random.default_rng(0).integers(0, 12, 80).tolist()
    expected = []
    for person in dict.fromkeys(persons):
        expected += itertools.permutations([row for row, other in enumerate(persons) if other == person], 2)
    assert all_pairs(persons).tolist() == [list(pair) for pair in expected]
    assert all_pairs([]).shape == (0, 2)


def test_draw_is_that_of_pandas():
    pairs = np.arange(200).reshape(100, 2)
    expected = pd.DataFrame(pairs).sample(n=30, replace=False, random_state=4).to_numpy()
    np.testing.assert_array_equal(draw(pairs, 30, 4), expected)
    assert draw(pairs, 30, 5).tolist() != expected.tolist()
    for most in (0, 100, 1000):
        np.testing.assert_array_equal(draw(pairs, most, 4), pairs)


def test_same_files_give_the_same_bytes(tmp_path):
    images = [image for image, _ in ROWS]
    written = []
    for _ in range(2):
        run(tmp_path, ROWS, images, most=3, seed=1)
        written.append((tmp_path / "pairs.parquet").read_bytes())
    assert written[0] == written[1]


def test_no_pair(tmp_path):
    images = [image for image, _ in ROWS]
    with pytest.raises(UserError, match="no pair among 0 images: of 0 images of persons in val, 0 have key points"):
        run(tmp_path, ROWS, images, splits=["val"])
    with pytest.raises(UserError, match="among 2 images: of 6 images of persons in train, 3 have key points, 2"):
        run(tmp_path, ROWS, ["train/a", "train/d", "train/e"], {"train/e": 8})
    assert not (tmp_path / "pairs.parquet").exists()


def test_bad_files(tmp_path):
    path = tmp_path / "pairs.parquet"
    with pytest.raises(UserError, match="the pairs do not exist"):
        read_pairs(path)
    path.write_text("no pairs")
    with pytest.raises(UserError, match="the pairs cannot be read"):
        read_pairs(path)
    pq.write_table(pa.table({"source": ["a"]}), path)
    with pytest.raises(UserError, match="the pairs have the columns source string"):
        read_pairs(path)


def market_index(path: Path, sides: dict[str, str]) -> Path:
    """Index of the images with published key points, and a query of every person, as Market-1501 has."""
    rows = []
    for split, side in sides.items():
        lines = shared_data(f"keypoints/market-annotation-{side}.csv").read_text().splitlines()[1:]
        rows += [(f"{split}/{name}", parse(name)["pid"]) for name in (line.split(":")[0] for line in lines)]
    rows += [(f"query/{pid}", pid) for pid in sorted({pid for image, pid in rows if image[0] == "g" and pid > 0})]
    return make_index(path, rows)


@pytest.mark.slow
def test_the_published_lists(tmp_path):
    golden = json.loads(shared_data("golden/pairs.json").read_text())
    sides = {"train": "train", "gallery": "test"}
    import_keypoints(
        index=market_index(tmp_path / "index.parquet", sides),
        sources=[shared_data(f"keypoints/market-annotation-{side}.csv") for side in sides.values()],
        keypoints=tmp_path / "keypoints.parquet",
    )
    for split, most in (("train", 0), ("gallery", 12_000)):
        paths = {name: tmp_path / f"{name}.parquet" for name in ("index", "keypoints", "pairs")}
        sample_pairs(**paths, splits=[split], most=most)
        write_published_pairs(read_pairs(tmp_path / "pairs.parquet"), tmp_path / "pairs.csv")
        content = (tmp_path / "pairs.csv").read_bytes()
        assert content.count(b"\n") == 1 + golden[f"{sides[split]}_pairs"]
        assert hashlib.sha256(content).hexdigest() == golden[f"{sides[split]}_csv_sha256"]
