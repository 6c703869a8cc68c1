"""Files of what is known of generated images: what is written is read, and nothing else is."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data.truth_file import SCHEMA, read_truth, write_truth
from purereid.errors import UserError

TABLE = pd.DataFrame(
    {
        "image": ["g/1.png", "g/0.png"],
        "pid": [7, 3],
        "injected": ["", "blur"],
        "nearest_pid": [7, 5],
        "ssim_truth": [0.5, np.nan],
        "l1_truth": [0.25, np.nan],
        "nearest_truth": [1.0, np.nan],
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_truth(tmp_path / "truth.parquet", TABLE)
    return tmp_path / "truth.parquet"


def test_round_trip_in_order_with_truths_that_there_are_not(path: Path):
    pd.testing.assert_frame_equal(read_truth(path), TABLE)
    assert pq.read_schema(path).equals(SCHEMA) and [file.name for file in path.parent.iterdir()] == [path.name]


def test_equal_tables_give_equal_bytes_whatever_else_is_in_them(path: Path, tmp_path: Path):
    again = TABLE[list(TABLE)[::-1]].assign(bytes=b"").set_index(np.array([8, 9]))
    write_truth(tmp_path / "again.parquet", again)
    assert (tmp_path / "again.parquet").read_bytes() == path.read_bytes()


def test_bad_files_are_told(path: Path, tmp_path: Path):
    with pytest.raises(UserError, match=r"the true values do not exist[\s\S]*a file written by judge_generated"):
        read_truth(tmp_path / "none.parquet")
    whole = pq.read_table(path)
    pq.write_table(whole.set_column(4, SCHEMA.field(4), pa.array([None, 0.5], pa.float64())), path)
    with pytest.raises(UserError, match="the true values have empty cells"):
        read_truth(path)
    pq.write_table(whole.drop_columns("injected"), path)
    with pytest.raises(UserError, match=r"the true values have the columns image string, pid int64, nearest_pid"):
        read_truth(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match="the true values cannot be read"):
        read_truth(path)
