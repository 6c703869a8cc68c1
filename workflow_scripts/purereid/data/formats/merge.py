"""Several indexes joined into one.

Identities and cameras of the data sets are told apart by offsets: the first data set keeps its numbers, those of the
next begin above the largest before. Junk (-1) and unknown cameras (-1) stay what they are. Market-1501's distractor
identity 0 is moved like any other: no query carries it, so it remains a distractor under its new number.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.data.index import read_index, sort_index
from purereid.errors import UserError


def merge(sources: Sequence[Path], options: dict) -> pd.DataFrame:
    """Join indexes; images are named ``dataset/image``, everything else stays.

    Raises:
        UserError: fewer than two indexes, two of the same data set, an option, an index that cannot be read.
    """
    if options:
        raise UserError(f"unknown option {min(options)!r}", where="data set of format merge", expected="sources alone")
    if len(sources) < 2:
        raise UserError(
            f"{len(sources)} data sets to merge", where="data set of format merge", expected="two or more sources"
        )
    tables = [read_index(source) for source in sources]
    _check_names(tables)
    return sort_index(pd.concat(_tell_apart(tables), ignore_index=True))


def _tell_apart(tables: list[pd.DataFrame]) -> list[pd.DataFrame]:
    moved, pids, cameras = [], 0, 0
    for table in tables:
        pid = table["pid"].where(table["pid"] < 0, table["pid"] + pids)
        camid = table["camid"].where(table["camid"] < 0, table["camid"] + cameras)
        moved.append(table.assign(image=table["dataset"] + "/" + table["image"], pid=pid, camid=camid))
        pids, cameras = max(pids, pid.max() + 1), max(cameras, camid.max() + 1)
    return moved


def _check_names(tables: list[pd.DataFrame]) -> None:
    names = [name for table in tables for name in sorted(set(table["dataset"]))]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            f"the data set {twice[0]!r} is merged twice",
            where="data set of format merge",
            expected="every data set once",
        )
