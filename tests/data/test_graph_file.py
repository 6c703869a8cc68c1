"""Graph files: what was written comes back; anything else is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from purereid.data import graph_file
from purereid.data.features import read_encoder
from purereid.data.graph_file import read_graph, write_graph
from purereid.data.neighbours import Neighbours
from purereid.errors import UserError
from purereid.retrieval.distances import normalise
from purereid.retrieval.neighbours import nearest_neighbours


def example(count: int = 9, k: int = 3) -> tuple[list[str], Neighbours]:
    features = normalise(np.random.default_rng(0).standard_normal((count, 5), np.float32))
    return [f"gallery/{number:04d}.jpg" for number in range(count)], nearest_neighbours(features, k)


@pytest.mark.parametrize("rows", [2, 9, 4096])
def test_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int):
    monkeypatch.setattr(graph_file, "ROWS", rows)
    images, graph = example()
    write_graph(tmp_path / "graph.parquet", images, graph)
    found, again = read_graph(tmp_path / "graph.parquet")
    assert found == images
    for part, expected in zip(again, graph, strict=True):
        np.testing.assert_array_equal(part, expected)
        assert part.dtype == expected.dtype
    kinds = {"image": pa.string(), "neighbours": pa.list_(pa.int32(), 3), "similarity": pa.list_(pa.float32(), 3)}
    assert pq.read_schema(tmp_path / "graph.parquet").equals(pa.schema(kinds))


def test_equal_arguments_give_equal_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_graph(tmp_path / name, *example())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_the_file_tells_the_encoder_where_it_knows_it(tmp_path: Path):
    write_graph(tmp_path / "plain", *example())
    for name in ("a", "b"):
        write_graph(tmp_path / name, *example(), encoder="ab12")
    assert [read_encoder(tmp_path / name) for name in ("plain", "a")] == ["", "ab12"]
    np.testing.assert_array_equal(read_graph(tmp_path / "a")[1].indices, example()[1].indices)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "plain").read_bytes()


def test_other_shapes_and_types(tmp_path: Path):
    images, (indices, similarity) = example()
    graph = Neighbours(np.asfortranarray(indices, np.int64), similarity.astype(np.float64))
    write_graph(tmp_path / "graph.parquet", images, graph)
    np.testing.assert_array_equal(read_graph(tmp_path / "graph.parquet")[1].indices, indices)
    for wrong in (Neighbours(indices[:, :2], similarity), Neighbours(indices[1:], similarity[1:])):
        with pytest.raises(ValueError, match="similarities"):
            write_graph(tmp_path / "wrong.parquet", images, wrong)
    assert not (tmp_path / "wrong.parquet").exists()


BROKEN = [
    ("neighbours", 2, [0, 1, 9], r"neighbours outside 0\.\.8, first for gallery/0002\.jpg"),
    ("neighbours", 0, [-1, 1, 2], r"neighbours outside 0\.\.8, first for gallery/0000"),
    ("neighbours", 4, [1, 4, 2], "an image as its own neighbour, first for gallery/0004"),
    ("neighbours", 4, [1, 2, 1], "a neighbour twice, first for gallery/0004"),
    ("similarity", 8, [0.5, np.nan, 0.1], "a similarity that is not finite, first for gallery/0008"),
    ("similarity", 8, [np.inf, 0.3, 0.1], "a similarity that is not finite, first for gallery/0008"),
    ("similarity", 1, [0.5, 0.1, 0.3], "similarities that do not descend, first for gallery/0001"),
]


@pytest.mark.parametrize(("column", "row", "values", "message"), BROKEN)
def test_broken_graphs_are_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str, row: int, values: list, message: str
):
    images, graph = example()
    {"neighbours": graph.indices, "similarity": graph.similarity}[column][row] = values
    with pytest.raises(UserError, match=message):
        write_graph(tmp_path / "graph.parquet", images, graph)
    assert not (tmp_path / "graph.parquet").exists()
    with monkeypatch.context() as unchecked:
        unchecked.setattr(graph_file, "_check", lambda *arguments: None)
        write_graph(tmp_path / "graph.parquet", images, graph)
    with pytest.raises(UserError, match=message):
        read_graph(tmp_path / "graph.parquet")


def test_an_image_named_twice(tmp_path: Path):
    images, graph = example()
    images[5] = images[2]
    with pytest.raises(UserError, match=r"names image gallery/0002\.jpg twice"):
        write_graph(tmp_path / "graph.parquet", images, graph)


def table(**changes: pa.Array | None) -> pa.Table:
    columns = {
        "image": pa.array(["a", "b"]),
        "neighbours": pa.array([[1], [0]], pa.list_(pa.int32(), 1)),
        "similarity": pa.array([[0.5], [0.5]], pa.list_(pa.float32(), 1)),
    }
    return pa.table({name: column for name, column in (columns | changes).items() if column is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"similarity": None}, r"has the columns image string, neighbours fixed_size_list<element: int32>\[1\]\n"),
        ({"neighbours": None}, "has the columns image string, similarity"),
        ({"neighbours": pa.array([[1], [0]], pa.list_(pa.int32()))}, "neighbours list<"),
        ({"neighbours": pa.array([[1], [0]], pa.list_(pa.int64(), 1))}, "int64"),
        ({"similarity": pa.array([[1, 0], [1, 0]], pa.list_(pa.float32(), 2))}, r"float\]\[2\]|float>\[2\]"),
        ({"more": pa.array([1, 2])}, "more int64"),
        ({"image": pa.array(["a", None])}, "empty cells"),
        ({"neighbours": pa.array([[1], None], pa.list_(pa.int32(), 1))}, "empty cells"),
        ({"similarity": pa.array([[None], [0.5]], pa.list_(pa.float32(), 1))}, "empty cells"),
    ],
)
def test_other_columns_and_empty_cells(tmp_path: Path, changes: dict, message: str):
    pq.write_table(table(), tmp_path / "right.parquet")
    assert read_graph(tmp_path / "right.parquet")[0] == ["a", "b"]
    pq.write_table(table(**changes), tmp_path / "graph.parquet")
    with pytest.raises(UserError, match=message):
        read_graph(tmp_path / "graph.parquet")


def test_no_file_and_no_parquet(tmp_path: Path):
    with pytest.raises(UserError, match=r"the graph does not exist\n.*graph\.parquet"):
        read_graph(tmp_path / "graph.parquet")
    (tmp_path / "graph.parquet").write_bytes(b"PAR1 no table")
    with pytest.raises(UserError, match="the graph cannot be read"):
        read_graph(tmp_path / "graph.parquet")


def test_a_truncated_file(tmp_path: Path):
    write_graph(tmp_path / "graph.parquet", *example())
    whole = (tmp_path / "graph.parquet").read_bytes()
    (tmp_path / "graph.parquet").write_bytes(whole[:-40])
    with pytest.raises(UserError, match="the file is damaged"):
        read_graph(tmp_path / "graph.parquet")
