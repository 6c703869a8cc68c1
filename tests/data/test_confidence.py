"""Files of probabilities: what is written is read, also that an identity is unknown, and nothing else is."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data.confidence import SCHEMA, read_confidence, write_confidence
from purereid.errors import UserError

IMAGES, VALUES = ["b.png", "a.png", "c.png"], np.array([0.25, np.nan, 1], np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_confidence(tmp_path / "confidence.parquet", IMAGES, VALUES)
    return tmp_path / "confidence.parquet"


def test_round_trip_keeps_what_is_not_known(path: Path):
    found = read_confidence(path)
    assert found.index.tolist() == IMAGES and found.dtype == np.float32
    np.testing.assert_array_equal(found, VALUES)
    assert pq.read_schema(path).equals(SCHEMA) and [file.name for file in path.parent.iterdir()] == [path.name]


def test_equal_arguments_give_equal_bytes(path: Path, tmp_path: Path):
    write_confidence(tmp_path / "again.parquet", tuple(IMAGES), VALUES.astype(np.float64))
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_files_are_joined_and_one_may_be_empty(path: Path, tmp_path: Path):
    for name, rows in (("first", slice(0)), ("second", slice(0, 1)), ("third", slice(1, 3))):
        write_confidence(tmp_path / name, IMAGES[rows], VALUES[rows])
    found = read_confidence([tmp_path / name for name in ("first", "second", "third")])
    pd.testing.assert_series_equal(found, read_confidence(path))
    pd.testing.assert_series_equal(read_confidence([str(path)]), found)
    assert read_confidence(tmp_path / "first").empty


def test_an_image_of_two_files_is_named_with_both(path: Path, tmp_path: Path):
    write_confidence(tmp_path / "more", ["c.png"], VALUES[:1])
    with pytest.raises(UserError) as error:
        read_confidence([path, tmp_path / "more"])
    assert f"image c.png is listed twice\n  where:    {path}, {tmp_path / 'more'}\n" in str(error.value)


def test_not_one_value_per_image(tmp_path: Path):
    with pytest.raises(ValueError, match="expected length 3"):
        write_confidence(tmp_path / "c.parquet", IMAGES, VALUES[:2])
    assert not (tmp_path / "c.parquet").exists()


def test_bad_files_are_told(path: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"the probabilities do not exist[\s\S]*a file written by embed_generated"):
        read_confidence(tmp_path / "none.parquet")
    whole = pq.read_table(path)
    pq.write_table(pa.concat_tables([whole, whole.slice(1, 1)]), path)
    with pytest.raises(UserError, match=r"image a\.png is listed twice"):
        read_confidence(path)
    pq.write_table(whole.set_column(1, SCHEMA.field(1), pa.array([0.1, None, 0.2], pa.float32())), path)
    with pytest.raises(UserError, match="the probabilities have empty cells"):
        read_confidence(path)
    pq.write_table(whole.rename_columns(["image", "probability"]), path)
    with pytest.raises(UserError, match="the probabilities have the columns image string, probability float"):
        read_confidence(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="the probabilities cannot be read"):
        read_confidence(path)
