"""Neighbour graphs as Parquet: one row per image, ``image``, ``neighbours`` and ``similarity``."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.content_digest import check_digest
from purereid.data.features import ENCODER
from purereid.data.names import repeated
from purereid.data.neighbours import Neighbours
from purereid.data.parquet import parquet_writer
from purereid.errors import UserError

ROWS = 4096  # rows read or written at a time
MADE_BY = "a file written by build_graph"
AGAIN = "delete the file, so that the workflow makes it again"


def write_graph(path: str | Path, images: Sequence[str], graph: Neighbours, encoder: str = "") -> None:
    """Write a graph; equal arguments give equal bytes.

    Args:
        path: where to write; replaced only once the new file is whole.
        images: N names, each once.
        graph: row numbers of the neighbours, and their similarities, [N, k], as ``read_graph`` gives them.
        encoder: SHA-256 of the model that made the features, for ``features.read_encoder``.

    Raises:
        UserError: an image is named twice; the neighbours or similarities break the rules of ``read_graph``.
        ValueError: the shapes do not fit together.
    """
    graph = Neighbours(np.asarray(graph.indices, np.int32), np.asarray(graph.similarity, np.float32))
    shape = graph.indices.shape
    if len(shape) != 2 or shape[1] == 0 or shape != graph.similarity.shape or shape[0] != len(images):
        raise ValueError(f"neighbours {shape}, similarities {graph.similarity.shape}, {len(images)} images")
    _check(images, graph, path)
    schema = _schema(shape[1]).with_metadata({ENCODER: encoder} if encoder else None)
    with parquet_writer(path, schema, compression="none", use_dictionary=False) as file:
        for start in range(0, len(images), ROWS):
            part = slice(start, start + ROWS)
            columns = [pa.array(images[part], pa.string()), *(_lists(values[part]) for values in graph)]
            file.write_batch(pa.record_batch(columns, schema))


def read_graph(path: str | Path) -> tuple[list[str], Neighbours]:
    """Read a graph.

    Returns:
        N names, each once, and their neighbours: row numbers 0..N - 1, none twice, no image its own neighbour; finite
        similarities, the largest first.

    Raises:
        UserError: no such file, no Parquet, other columns, empty cells, or contents that break these rules.
    """
    file = _open(Path(path))
    count, k = file.metadata.num_rows, file.schema_arrow.field("neighbours").type.list_size
    graph = Neighbours(np.empty((count, k), np.int32), np.empty((count, k), np.float32))
    images: list[str] = []
    for batch in file.iter_batches(ROWS):
        names, *lists = batch.columns
        part = slice(len(images), len(images) + len(names))
        for values, column in zip(graph, lists, strict=True):
            flat = column.flatten()
            if names.null_count or column.null_count or flat.null_count:
                raise UserError("the graph has empty cells", where=path, expected=MADE_BY, do=AGAIN)
            values[part] = flat.to_numpy().reshape(-1, k)
        images += names.to_pylist()
    _check(images, graph, path)
    return images, graph


def _schema(k: int) -> pa.Schema:
    lists = (("neighbours", pa.list_(pa.int32(), k)), ("similarity", pa.list_(pa.float32(), k)))
    return pa.schema([("image", pa.string()), *lists])


def _lists(values: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def _open(path: Path) -> pq.ParquetFile:
    if not path.is_file():
        raise UserError("the graph does not exist", where=path, expected=MADE_BY)
    try:
        check_digest(path)
        file = pq.ParquetFile(path, pre_buffer=False)  # pre-buffering would hold the whole file
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"the graph cannot be read: {error}", where=path, expected=MADE_BY, do=AGAIN) from None
    found = file.schema_arrow
    kind = found.field("neighbours").type if "neighbours" in found.names else pa.null()
    if not pa.types.is_fixed_size_list(kind) or not found.equals(_schema(kind.list_size)):
        raise UserError(
            "the graph has the columns " + ", ".join(f"{field.name} {field.type}" for field in found),
            where=path,
            expected="image string, neighbours fixed_size_list<int32>[k], similarity fixed_size_list<float>[k]",
            do=AGAIN,
        )
    return file


def _check(images: Sequence[str], graph: Neighbours, path: str | Path) -> None:
    count, (indices, similarity) = len(images), graph
    ordered = np.sort(indices, axis=1)
    broken = {
        f"neighbours outside 0..{count - 1}": (indices < 0) | (indices >= count),
        "an image as its own neighbour": indices == np.arange(count)[:, None],
        "a neighbour twice": ordered[:, 1:] == ordered[:, :-1],
        "a similarity that is not finite": ~np.isfinite(similarity),
        "similarities that do not descend": similarity[:, 1:] > similarity[:, :-1],
    }
    twice = repeated(images)
    if twice:
        raise UserError(f"the graph names image {twice[0]} twice", where=path, expected="each image once", do=AGAIN)
    for what, cells in broken.items():
        if cells.any():
            row = int(np.argmax(cells.any(axis=1)))
            raise UserError(f"the graph has {what}, first for {images[row]}", where=path, expected=MADE_BY, do=AGAIN)
