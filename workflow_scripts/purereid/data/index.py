"""The index: one table with one row per image, which is all that later rules know of a data set."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.content_digest import check_digest
from purereid.data.parquet import write_parquet
from purereid.errors import UserError

SPLITS = ("train", "val", "query", "gallery", "multi")
KINDS = ("detected", "drawn", "generated")
SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("path", pa.string()),
        ("split", pa.string()),
        ("pid", pa.int64()),
        ("camid", pa.int64()),
        ("seq", pa.int64()),
        ("frame", pa.int64()),
        ("kind", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("sha256", pa.string()),
        ("pixels", pa.string()),
        ("dataset", pa.string()),
        ("weight", pa.float32()),
    ]
)
AGAIN = "make the index again: delete it and run the workflow"


def write_index(table: pd.DataFrame, path: Path) -> None:
    """Sort an index by split and image and write it as Parquet; equal tables give equal bytes.

    Args:
        table: the columns of ``SCHEMA``: image (unique), path, split, pid (-1 junk), camid (0-based, -1 unknown),
            seq and frame (-1 unknown), kind, width and height in pixels, sha256 of the file, pixels (digest of the
            decoded image; may be left out: that of the file), dataset, weight of the image in a training loss (may be
            left out: 1).
        path: where to write; replaced only once the new file is whole.
    """
    if "weight" not in table:
        table = table.assign(weight=1.0)
    table = table.assign(pixels=table["pixels"].fillna(table["sha256"]) if "pixels" in table else table["sha256"])
    arrow = pa.Table.from_pandas(sort_index(table), schema=SCHEMA, preserve_index=False)
    write_parquet(path, arrow.replace_schema_metadata(None))


def read_index(path: str | Path) -> pd.DataFrame:
    """Read an index.

    Returns:
        one row per image with the columns of ``SCHEMA``, in the order of the file.

    Raises:
        UserError: no such file, no Parquet, other columns or types, an unknown split or kind, an image listed twice.
    """
    arrow = _read_parquet(Path(path))
    _check_columns(arrow.schema, path)
    table = arrow.select(SCHEMA.names).to_pandas()
    _check_values(table, path)
    return table


def sort_index(table: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order train, val, query, gallery, multi and, within a split, by image."""
    order = table["split"].map(SPLITS.index)
    return table.assign(_order=order).sort_values(["_order", "image"], ignore_index=True).drop(columns="_order")


def _read_parquet(path: Path) -> pa.Table:
    if not path.is_file():
        raise UserError("the index does not exist", where=path, expected="a file written by index_dataset")
    try:
        check_digest(path)
        return pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"the index cannot be read: {error}",
            where=path,
            expected="a Parquet file written by index_dataset",
            do=AGAIN,
        ) from None


def _check_columns(schema: pa.Schema, path: str | Path) -> None:
    found = {field.name: field.type for field in schema}
    missing = [name for name in SCHEMA.names if name not in found]
    if missing:
        raise UserError(
            f"the index lacks the columns {', '.join(missing)}", where=path, expected=", ".join(SCHEMA.names), do=AGAIN
        )
    wrong = [field for field in SCHEMA if not _same_type(found[field.name], field.type)]
    if wrong:
        raise UserError(
            f"columns of another type: {', '.join(f'{field.name} {found[field.name]}' for field in wrong)}",
            where=path,
            expected=", ".join(f"{field.name} {field.type}" for field in wrong),
            do=AGAIN,
        )


def _same_type(found: pa.DataType, expected: pa.DataType) -> bool:
    # pandas writes its texts as large_string
    return found == expected or (pa.types.is_string(expected) and pa.types.is_large_string(found))


def _check_values(table: pd.DataFrame, path: str | Path) -> None:
    holes = [name for name in SCHEMA.names if table[name].isna().any()]
    if holes:
        raise UserError(f"the index has empty cells in {', '.join(holes)}", where=path, do=AGAIN)
    for column, allowed in (("split", SPLITS), ("kind", KINDS)):
        unknown = sorted(set(table[column]) - set(allowed))
        if unknown:
            raise UserError(f"unknown {column} {unknown[0]!r}", where=path, expected=", ".join(allowed), do=AGAIN)
    twice = table.loc[table["image"].duplicated(), "image"]
    if len(twice):
        raise UserError(f"{len(twice)} images are listed twice, such as {twice.iloc[0]}", where=path, do=AGAIN)
