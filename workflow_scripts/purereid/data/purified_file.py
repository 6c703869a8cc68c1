"""Files of purified sets: Parquet, one row per generated image, the columns of ``data.purified_table``."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from purereid.data.parquet import read_strictly, write_parquet
from purereid.data.purified_table import check_table

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("pid", pa.int64()),
        ("kept", pa.bool_()),
        ("score", pa.float64()),
        ("reason", pa.string()),
    ]
)


def write_purified(path: str | Path, table: pd.DataFrame) -> None:
    """Write a purified set, as a rule of ``purify`` returns it; equal tables give equal bytes.

    Raises:
        UserError: no images, an image listed twice, a score that is not a finite number.
    """
    check_table(table, path)
    arrow = pa.Table.from_pandas(table, SCHEMA, preserve_index=False)
    write_parquet(path, arrow.replace_schema_metadata(None))


def read_purified(path: str | Path) -> pd.DataFrame:
    """Read a purified set, in the order of the file.

    Raises:
        UserError: no such file, a damaged one, other columns, empty cells; also as for ``write_purified``.
    """
    table = read_strictly(Path(path), SCHEMA, "purified images", "purify").to_pandas()
    check_table(table, path)
    return table
