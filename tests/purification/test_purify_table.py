"""The table of a purified set and its file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data.purified_file import read_purified, write_purified
from purereid.data.purified_table import purified_table, summary
from purereid.errors import UserError


@pytest.fixture
def table():
    return purified_table(
        ["b", "a", "c"], np.array([7, 7, -1]), np.array([1, 0, 0]), [0.5, 0, -1], ["good", "bad", "<b>"]
    )


def test_what_is_written_is_read(table, tmp_path):
    write_purified(tmp_path / "purified.parquet", table)
    pd.testing.assert_frame_equal(read_purified(tmp_path / "purified.parquet"), table)
    write_purified(tmp_path / "again.parquet", read_purified(tmp_path / "purified.parquet"))
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "purified.parquet").read_bytes()


def test_columns_and_types(table):
    assert table.columns.tolist() == ["image", "pid", "kept", "score", "reason"]
    assert [str(table[name].dtype) for name in ("pid", "kept", "score")] == ["int64", "bool", "float64"]


def test_summary(table):
    assert summary(table) == {"images": 3, "kept": 1, "share": 1 / 3, "identities": 2, "identities_kept": 1}


def test_an_empty_kept_set_is_a_result(table, tmp_path):
    nothing = table.assign(kept=False)
    write_purified(tmp_path / "purified.parquet", nothing)
    read = read_purified(tmp_path / "purified.parquet")
    assert summary(read) == {"images": 3, "kept": 0, "share": 0.0, "identities": 2, "identities_kept": 0}


def test_what_is_wrong_is_refused(table, tmp_path):
    path = tmp_path / "purified.parquet"
    with pytest.raises(UserError, match="there are no generated images to purify"):
        purified_table([], np.zeros(0), np.zeros(0), [], [])
    with pytest.raises(UserError, match="image b is listed twice"):
        purified_table(["b", "a", "b"], np.zeros(3), np.zeros(3), np.zeros(3), ["", "", ""])
    with pytest.raises(UserError, match=r"1 of 3 scores are not finite numbers[\s\S]*that of a"):
        purified_table(["b", "a", "c"], np.zeros(3), np.zeros(3), [0, np.nan, 0], ["", "", ""])
    with pytest.raises(UserError, match=r"2 of 3 scores are not finite numbers[\s\S]*purified\.parquet"):
        write_purified(path, table.assign(score=[np.inf, 0, np.nan]))
    with pytest.raises(ValueError, match="same length"):
        purified_table(["b", "a"], np.zeros(2), np.zeros(2), np.zeros(3), ["", ""])
    assert not path.exists()


def test_files_of_another_kind_are_refused(table, tmp_path):
    path = tmp_path / "purified.parquet"
    with pytest.raises(UserError, match="the purified images do not exist"):
        read_purified(path)
    path.write_text("no table")
    with pytest.raises(UserError, match="the purified images cannot be read"):
        read_purified(path)
    pq.write_table(pa.table({"image": ["a"], "kept": [True]}), path)
    with pytest.raises(UserError, match="the purified images have the columns image string, kept bool"):
        read_purified(path)
    write_purified(path, table)
    arrow = pq.read_table(path)
    for bad, message in (
        (pa.concat_tables([arrow, arrow]), "image b is listed twice"),
        (arrow.slice(0, 0), "there are no generated images"),
        (arrow.set_column(3, "score", pa.array([0, np.nan, 0], pa.float64())), "1 of 3 scores are not finite"),
        (arrow.set_column(4, "reason", pa.array(["", None, ""])), "empty cells"),
    ):
        pq.write_table(bad, path)
        with pytest.raises(UserError, match=message):
            read_purified(path)
