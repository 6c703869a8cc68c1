"""The index of a purified training set: all real images, and the generated ones that were kept."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from purereid.data.index import read_index, write_index
from purereid.data.purified_file import write_purified
from purereid.errors import UserError
from purereid.purification.index_purified import index_purified

MADE = [f"generated/g/train/{number}.png" for number in range(5)]


@pytest.fixture
def both(index: Path) -> Path:
    """The index with five generated images."""
    real = read_index(index)
    texts = {"image": MADE, "path": MADE, "sha256": MADE, "split": "train", "kind": "generated", "dataset": "tiny"}
    made = pd.DataFrame(texts | {"pid": [0, 2, 2, 4, 6], "camid": -1, "seq": -1, "frame": -1, "width": 8, "height": 16})
    write_index(pd.concat([real, made.assign(weight=0.5)]), index.with_name("both.parquet"))
    return index.with_name("both.parquet")


@pytest.fixture
def purify(both: Path, tmp_path: Path):
    """Write the index of a decision on some images; its path."""

    def run(kept: list[bool], images: list[str] = MADE) -> Path:
        table = pd.DataFrame({"image": images, "pid": 0, "kept": kept, "score": 0.0, "reason": ""})
        write_purified(tmp_path / "kept.parquet", table)
        index_purified(index=both, kept=tmp_path / "kept.parquet", purified=tmp_path / "purified.parquet")
        return tmp_path / "purified.parquet"

    return run


def test_dropped_images_are_gone_and_nothing_else(both: Path, purify):
    order = [3, 0, 4, 1, 2]  # the decisions need not be in the order of the index
    found = read_index(purify([False, True, True, False, True], [MADE[row] for row in order]))
    whole = read_index(both)
    expected = whole[(whole["kind"] != "generated") | whole["image"].isin([MADE[0], MADE[4], MADE[2]])]
    pd.testing.assert_frame_equal(found, expected.reset_index(drop=True))
    assert found.loc[found["kind"] == "generated", "weight"].eq(0.5).all()


def test_all_kept_is_the_same_index_and_none_kept_that_of_real_images(both: Path, index: Path, purify):
    assert purify([True] * 5).read_bytes() == both.read_bytes()
    assert purify([False] * 5).read_bytes() == index.read_bytes()


@pytest.mark.parametrize(
    ("images", "named"),
    [(MADE[:4], MADE[4]), ([*MADE, "generated/g/train/9.png"], "generated/g/train/9.png")],
    ids=["no decision", "no image"],
)
def test_a_table_of_other_images_is_told(purify, tmp_path: Path, images: list[str], named: str):
    message = rf"1 generated images are in one of index and table alone, such as {named}\n[\s\S]*kept\.parquet"
    with pytest.raises(UserError, match=message):
        purify([True] * len(images), images)
    assert not (tmp_path / "purified.parquet").exists()


def test_a_decision_on_a_real_image_is_told(both: Path, purify):
    real = read_index(both).loc[lambda table: table["kind"] != "generated", "image"].iloc[0]
    with pytest.raises(UserError, match=f"1 generated images are in one of index and table alone, such as {real}"):
        purify(np.array([True] * 5 + [False]), [*MADE, real])
