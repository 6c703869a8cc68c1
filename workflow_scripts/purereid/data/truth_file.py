"""What is known of generated images, to judge purifiers by: Parquet, one row per image.

image; pid, the intended identity; injected, how it was spoiled on purpose, "" if not; nearest_pid, the identity whose
real images' centre is nearest in features of the scoring encoder; ssim_truth and l1_truth, structural similarity
(-1..1, for the range 255) and mean absolute difference (of values mapped to -1..1) to the true picture; nearest_truth,
1 where that difference is smaller than to the true pictures of all look-alikes, else 0. The last three are NaN where
there is no true picture, nearest_truth also where no look-alikes were asked for.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from purereid.data.parquet import read_strictly, write_parquet

SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("pid", pa.int64()),
        ("injected", pa.string()),
        ("nearest_pid", pa.int64()),
        ("ssim_truth", pa.float64()),
        ("l1_truth", pa.float64()),
        ("nearest_truth", pa.float64()),
    ]
)


def write_truth(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table with the columns of ``SCHEMA``; equal tables give equal bytes."""
    arrays = [pa.array(table[field.name].to_numpy(), field.type, from_pandas=False) for field in SCHEMA]
    write_parquet(path, pa.Table.from_arrays(arrays, schema=SCHEMA))


def read_truth(path: str | Path) -> pd.DataFrame:
    """Read such a table, in the order of the file.

    Raises:
        UserError: no such file, a damaged one, other columns, empty cells.
    """
    return read_strictly(Path(path), SCHEMA, "true values", "judge_generated").to_pandas()
