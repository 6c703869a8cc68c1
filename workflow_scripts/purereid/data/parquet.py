"""Read a Parquet file of this workflow strictly."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from purereid.errors import UserError


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
        UserError: no such file, no Parquet, other columns or types, empty cells.
    """
    if not path.is_file():
        raise UserError(f"the {what} do not exist", where=path, expected=f"a file written by {maker}")
    again = f"make the {what} again: delete the file and run the workflow"
    try:
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
