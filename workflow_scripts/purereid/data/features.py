"""Features as Parquet: one row per image, ``image`` and ``feature`` (fixed-size list of float32).

Readers take one file or the shards of several jobs, which they join in the order in which they are given.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.content_digest import check_digest
from purereid.data.files import Files, check_once, listed, naming, paths_of
from purereid.data.names import repeated
from purereid.data.parquet import write_parquet
from purereid.errors import UserError

ROWS = 1024  # rows read or written at a time
ENCODER = "encoder"  # key in the file's metadata
MADE_BY = "a file written by extract_features or embed_generated"
ONCE = "one feature for each image"
AGAIN = "delete the file, so that it is made again"


def write_features(path: str | Path, images: Sequence[str], features: np.ndarray, encoder: str = "") -> None:
    """Write features; equal arguments give equal bytes.

    Args:
        path: where to write; replaced only once the new file is whole.
        images: N names, each once.
        features: [N, D] float32.
        encoder: SHA-256 of the file of the model that made them, for ``read_encoder``.

    Raises:
        UserError: an image is named twice; a feature is not finite or all zeros.
        ValueError: ``features`` is not [N, D].
    """
    features = np.ascontiguousarray(features, np.float32)
    if features.ndim != 2 or len(features) != len(images) or features.shape[1] == 0:
        raise ValueError(f"features of shape {features.shape} for {len(images)} images")
    check_once([Path(path)], [images], ONCE)
    _check_values(images, features, [Path(path)], [images])
    column = pa.FixedSizeListArray.from_arrays(pa.array(features.reshape(-1)), features.shape[1])
    table = pa.table({"image": pa.array(list(images), pa.string()), "feature": column})
    table = table.replace_schema_metadata({ENCODER: encoder} if encoder else None)
    write_parquet(path, table, row_group_size=ROWS, compression="none", use_dictionary=False)


def read_features(files: Files, images: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
    """Read features, all or those of the given images.

    Args:
        files: one or several Parquet files as ``write_features`` makes them.
        images: the names wanted, each once, in the order wanted; None: all, in the order of the files.

    Returns:
        images: N names; features: [N, D] float32, finite, none all zeros, of the length they were written with.

    Raises:
        UserError: no such file, no Parquet, other columns, files of different widths or encoders, an image listed
            twice, wanted images missing, a feature that is not finite or all zeros.
        ValueError: a name is wanted twice.
    """
    paths = paths_of(files)
    heads = _read_heads(paths)
    names = [head.images for head in heads]
    check_once(paths, names, ONCE)
    found = list(chain.from_iterable(names))
    wanted = found if images is None else list(images)
    target = _targets(found, wanted, files)
    features = np.empty((len(wanted), heads[0].width), np.float32)
    start = 0  # row of all files together
    for path in paths:
        with _open(path) as file:
            for batch in file.iter_batches(ROWS, columns=["feature"]):
                rows = _filled(batch.column(0), path).flatten().to_numpy().reshape(-1, features.shape[1])
                place = target[start : start + len(rows)]
                features[place[place >= 0]] = rows[place >= 0]
                start += len(batch)
    _check_values(wanted, features, paths, names)
    return wanted, features


def read_feature_images(files: Files) -> list[str]:
    """Names of the images in feature files, in the order of the files. Errors as for ``read_features``."""
    return [image for head in _read_heads(paths_of(files)) for image in head.images]


def read_encoder(files: Files) -> str:
    """SHA-256 of the model behind features or a graph of them, "" where the files do not tell.

    The files are ones that ``read_features`` or ``read_graph`` accepts.

    Raises:
        UserError: the files stem from different models.
    """
    paths = paths_of(files)
    found = [_encoder(pq.read_schema(path)) for path in paths]
    _check_alike(found, "encoder", paths)
    return found[0]


class _Head(NamedTuple):
    """What a file holds: names, width of the features, model."""

    images: list[str]
    width: int
    encoder: str


def _read_heads(paths: Sequence[Path]) -> list[_Head]:
    """Of files of one width and one encoder, read one after another: shards may be more than files that may be open."""
    heads = []
    for path in paths:
        with _open(path) as file:
            heads.append(_Head(_names(file, path), _width(file), _encoder(file.schema_arrow)))
    _check_alike([head.width for head in heads], "width", paths)
    _check_alike([head.encoder for head in heads], "encoder", paths)
    return heads


def _open(path: Path) -> pq.ParquetFile:
    if not path.is_file():
        raise UserError("the features do not exist", where=path, expected=MADE_BY)
    try:
        check_digest(path)
        file = pq.ParquetFile(path, pre_buffer=False)  # pre-buffering would hold the whole file
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"the features cannot be read: {error}",
            where=path,
            expected=MADE_BY,
            do=AGAIN,
        ) from None
    found = {field.name: field.type for field in file.schema_arrow}
    if not _is_text(found.get("image")) or not _is_vector(found.get("feature")):
        columns = ", ".join(f"{name} {kind}" for name, kind in found.items())
        raise UserError(
            f"the features have the columns {columns}",
            where=path,
            expected="image (string) and feature (fixed-size list of float, one width for all images)",
        )
    return file


def _is_text(kind: pa.DataType | None) -> bool:
    return kind is not None and (pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_vector(kind: pa.DataType | None) -> bool:
    return kind is not None and pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()


def _encoder(schema: pa.Schema) -> str:
    return (schema.metadata or {}).get(ENCODER.encode(), b"").decode()


def _width(file: pq.ParquetFile) -> int:
    return file.schema_arrow.field("feature").type.list_size


def _check_alike(values: Sequence[object], what: str, paths: Sequence[Path]) -> None:
    for value, path in zip(values, paths, strict=True):
        if value != values[0]:
            raise UserError(
                f"the features are of another {what} than those of {paths[0]}",
                where=path,
                expected=f"files of one {what}",
                do="delete both files, so that they are made again",
            )


def _names(file: pq.ParquetFile, path: str | Path) -> list[str]:
    return _filled(file.read(columns=["image"]).column("image"), path).to_pylist()


def _filled(column: pa.Array | pa.ChunkedArray, path: str | Path) -> pa.Array | pa.ChunkedArray:
    if column.null_count:
        raise UserError("the features have empty cells", where=path, expected=MADE_BY)
    return column


def _targets(found: list[str], wanted: list[str], files: Files) -> np.ndarray:
    """[rows of all files] the row of the result to which each of these rows goes, or -1."""
    number = {image: i for i, image in enumerate(wanted)}
    if len(number) < len(wanted):
        raise ValueError(f"the feature of {repeated(wanted)[0]} is wanted twice")
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise UserError(
            f"{len(missing)} of {len(wanted)} images have no feature, such as {missing[0]}",
            where=listed(files),
            expected="a feature of every image that is asked for",
            do="make the features again from the same index",
        )
    return np.array([number.get(image, -1) for image in found], np.int64)


def _check_values(
    images: Sequence[str], features: np.ndarray, paths: Sequence[Path], names: Sequence[Sequence[str]]
) -> None:
    """Check the features of some images of files; ``names`` holds all images of each file."""
    square = np.einsum("nd,nd->n", features, features, dtype=np.float64)
    for bad, what in ((~np.isfinite(square), "not a finite number"), (square == 0, "zero throughout")):
        if bad.any():
            first = images[int(np.argmax(bad))]
            raise UserError(
                f"{np.count_nonzero(bad)} features are {what}, the first that of {first}",
                where=naming(first, paths, names),
                expected="finite features with a direction",
                do="look at the training curve: the loss has probably diverged; train with a lower rate",
            )
