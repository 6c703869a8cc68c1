"""The index file: what is written is read back, and what does not fit is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data.index import SCHEMA, read_index, sort_index, write_index
from purereid.errors import UserError


def make_table() -> pd.DataFrame:
    rows = [("b.jpg", "gallery", 1), ("a.jpg", "gallery", -1), ("c.jpg", "query", 1), ("z.jpg", "train", 7)]
    table = pd.DataFrame(rows, columns=["image", "split", "pid"])
    return table.assign(
        path="data/" + table["image"],
        camid=0,
        seq=-1,
        frame=-1,
        kind="detected",
        width=64,
        height=128,
        sha256="00",
        pixels="00",
        dataset="test",
        weight=np.float32(1),
    )


def write(table: pd.DataFrame, path) -> None:
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "index.parquet"


def test_a_table_without_weights_weighs_one(path):
    write_index(make_table().drop(columns="weight"), path)
    assert read_index(path)["weight"].tolist() == [1, 1, 1, 1]


def test_round_trip_sorts_by_split_then_image(path):
    write_index(make_table(), path)
    table = read_index(path)
    assert table["image"].tolist() == ["z.jpg", "c.jpg", "a.jpg", "b.jpg"]
    assert table.columns.tolist() == SCHEMA.names
    assert pq.read_schema(path).equals(SCHEMA)
    expected = sort_index(make_table())[SCHEMA.names].astype({"width": "int32", "height": "int32", "weight": "float32"})
    pd.testing.assert_frame_equal(table, expected)


def test_same_rows_in_another_order_give_the_same_bytes(tmp_path):
    write_index(make_table(), tmp_path / "one.parquet")
    write_index(make_table().iloc[::-1], tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_failed_write_leaves_the_old_index_and_no_rest(path):
    write_index(make_table(), path)
    before = path.read_bytes()
    with pytest.raises(pa.ArrowException):
        write_index(make_table().assign(pid="anna"), path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["index.parquet"]


def test_further_columns_are_not_read(path):
    write(sort_index(make_table().astype({"width": "int32", "height": "int32"})).assign(source="x"), path)
    assert read_index(path).columns.tolist() == SCHEMA.names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns=["pid", "kind"]), "lacks the columns pid, kind"),
        (lambda table: table.assign(pid="anna"), "columns of another type: pid"),
        (lambda table: table.assign(pid=1.5), "columns of another type: pid double"),
        (lambda table: table.assign(split="test"), "unknown split 'test'"),
        (lambda table: table.assign(kind="painted"), "unknown kind 'painted'"),
        (lambda table: table.assign(path=None).astype({"path": "string"}), "empty cells in path"),
        (lambda table: table.assign(image="a.jpg"), "3 images are listed twice, such as a.jpg"),
    ],
)
def test_a_wrong_index_is_refused(path, change, message):
    write(change(make_table().astype({"width": "int32", "height": "int32"})), path)
    with pytest.raises(UserError, match=message) as error:
        read_index(path)
    assert str(path) in str(error.value)
    assert "make the index again" in str(error.value)


def test_missing_file(path):
    with pytest.raises(UserError, match="the index does not exist"):
        read_index(path)


def test_no_parquet(path):
    path.write_text("image,path\n")
    with pytest.raises(UserError, match="the index cannot be read"):
        read_index(path)
