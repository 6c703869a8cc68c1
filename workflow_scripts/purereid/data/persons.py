"""Which images of a data set show persons whom somebody asks for."""

from collections.abc import Sequence

import pandas as pd

from purereid.errors import UserError


def persons(table: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    """Rows of an index in some splits without junk and distractors (gallery pids that no query shows)."""
    unasked = (table["split"] == "gallery") & ~table["pid"].isin(table.loc[table["split"] == "query", "pid"])
    return table[table["split"].isin(splits) & (table["pid"] >= 0) & ~unasked]


def training_persons(table: pd.DataFrame, splits: Sequence[str]) -> pd.DataFrame:
    """Rows of an index that show persons of some splits.

    Raises:
        UserError: there is none.
    """
    rows = persons(table, splits)
    if rows.empty:
        raise UserError("no training images of persons", where="generate.train.splits", expected="images in a split")
    return rows
