"""Scores of experiments, read from the table of the rule ``compare``."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.data.names import repeated
from purereid.errors import UserError

TEXTS = ["dataset", "experiment", "seeds", "baseline", "remark"]
NUMBERS = ["mAP", "mAP_sd", "mAP_low", "mAP_high", "difference", "difference_low", "difference_high"]
WRITER = "table.csv of compare, of one data set"
AGAIN = "delete the file, so that it is made again"


def read_compared(path: Path, experiments: Sequence[str]) -> pd.DataFrame:
    """Read the scores of some experiments.

    Args:
        path: table.csv, see ``compare.comparison``.
        experiments: names; the order of the rows.

    Returns:
        the columns of ``TEXTS`` (str, "" where empty) and ``NUMBERS`` (float64, percent or points, NaN where empty).

    Raises:
        UserError: a file that is missing, damaged or of another kind, of several data sets, or without an experiment;
            an experiment that was scored under two protocols.
    """
    table = _read(Path(path))
    datasets = table["dataset"].unique()
    if len(datasets) != 1:
        found = f"scores of {len(datasets)} data sets: {', '.join(datasets)}"
        raise UserError(found, where=path, expected=WRITER, do=AGAIN)
    missing = [name for name in experiments if name not in set(table["experiment"])]
    if missing:
        found = f"no scores of {', '.join(missing)}"
        raise UserError(found, where=path, expected=f"one of {', '.join(table['experiment'])}", do=AGAIN)
    twice = [name for name in repeated(table["experiment"]) if name in experiments]
    if twice:
        raise UserError(f"scores of {twice[0]} under several protocols", where=path, expected="one protocol for each")
    return table.set_index("experiment").loc[list(experiments)].reset_index()[TEXTS + NUMBERS]


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)[TEXTS + NUMBERS]
        return table.assign(**{name: pd.to_numeric(table[name]) for name in NUMBERS})
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the scores cannot be read: {error}", where=path, expected=WRITER, do=AGAIN) from None
