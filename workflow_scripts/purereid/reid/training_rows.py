"""Which images of a data set a reID model learns from."""

from pathlib import Path

import pandas as pd

from purereid.data.index import read_index
from purereid.errors import UserError


def training_rows(index: str | Path, splits: list[str]) -> pd.DataFrame:
    """Rows of an index that may be trained on: of the splits, without junk.

    Generated images (kind ``generated``) with pid -1 are those without identity and stay.
    """
    table = read_index(index)
    rows = table[table["split"].isin(splits) & ((table["pid"] > -1) | (table["kind"] == "generated"))]
    if rows.empty:
        found = ", ".join(f"{split}: {count}" for split, count in table["split"].value_counts().items())
        raise UserError(
            "no training images",
            where=index,
            expected=f"images in the split {' or '.join(splits)}; found {found}",
            do="train on another data set (train: of the experiment), or set train_reid.splits",
        )
    return rows.reset_index(drop=True)
