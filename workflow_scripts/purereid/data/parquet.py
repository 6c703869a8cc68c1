"""Write Parquet files with the digest of their content, and read those of this workflow strictly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from purereid.data.content_digest import BLANK, KEY, check_digest, digested_file
from purereid.errors import UserError


@contextmanager
def parquet_writer(path: str | Path, schema: pa.Schema, **options: object) -> Iterator[pq.ParquetWriter]:
    """A writer of a file that is whole at the end, with its digest, or not there; equal rows give equal bytes.

    Args:
        path: where to write.
        schema: of the rows.
        options: as for ``ParquetWriter``.
    """
    with digested_file(path) as temporary, pq.ParquetWriter(temporary, schema, **options) as writer:
        yield writer
        writer.add_key_value_metadata({KEY: BLANK})


def write_parquet(path: str | Path, table: pa.Table, row_group_size: int | None = None, **options: object) -> None:
    """Write a table as ``parquet_writer`` does."""
    with parquet_writer(path, table.schema, **options) as writer:
        writer.write_table(table, row_group_size)


def read_strictly(
    path: Path, schema: pa.Schema, what: str, maker: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a file that has exactly the columns of a schema.

    Args:
        path: the file.
        schema: its columns and their types.
        what: what it holds, in the plural, for messages.
        maker: the rule that writes it.
        columns: those that are read; None: all.

    Raises:
        UserError: no such file, no Parquet, damaged, other columns or types, empty cells.
    """
    if not path.is_file():
        raise UserError(f"the {what} do not exist", where=path, expected=f"a file written by {maker}")
    again = f"make the {what} again: delete the file and run the workflow"
    try:
        check_digest(path)
        found = pq.read_schema(path)
        known = found.equals(schema)
        table = pq.read_table(path, columns=None if columns is None or not known else list(columns))
        table.validate(full=True)  # texts that are none
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:  # the last: a damaged name of a column
        raise UserError(f"the {what} cannot be read: {error}", where=path, do=again) from None
    if not known:
        found, expected = (", ".join(f"{field.name} {field.type}" for field in fields) for fields in (found, schema))
        raise UserError(f"the {what} have the columns {found}", where=path, expected=expected, do=again)
    if any(column.null_count for column in table.columns):
        raise UserError(f"the {what} have empty cells", where=path, do=again)
    return table
