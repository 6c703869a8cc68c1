"""Scores of some experiments, from the table of the rule ``compare``."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.data.names import repeated
from purereid.errors import UserError

TEXTS = ["dataset", "experiment", "seeds", "common_seeds", "baseline", "remark"]
NUMBERS = ["mAP", "mAP_sd", "mAP_low", "mAP_high", "difference", "difference_low", "difference_high", "difference_p"]
WRITER = "table.csv of compare, of one data set"
AGAIN = "delete the file, so that it is made again"


def read_compared(path: Path, experiments: Sequence[str]) -> pd.DataFrame:
    """Read the scores of some experiments.

    Args:
        path: table.csv, see ``compare.comparison``.
        experiments: names; the order of the rows.

    Returns:
        see ``scores_of``.

    Raises:
        UserError: a file that is missing, damaged or of another kind; as ``scores_of``.
    """
    return scores_of(read_table(path, TEXTS, NUMBERS), experiments, path)


def read_table(path: Path, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """Read columns of the table of all experiments.

    Args:
        path: table.csv, see ``compare.comparison``.
        texts, numbers: names of columns; str, "" where empty, and float64, NaN where empty.

    Raises:
        UserError: a file that is missing, damaged or of another kind.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)[texts + numbers]
        return table.assign(**{name: pd.to_numeric(table[name]) for name in numbers})
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the scores cannot be read: {error}", where=path, expected=WRITER, do=AGAIN) from None


def scores_of(table: pd.DataFrame, experiments: Sequence[str], where: object) -> pd.DataFrame:
    """Choose the scores of some experiments.

    Args:
        table: see ``compare.comparison``.
        experiments: names; the order of the rows.
        where: what an error names.

    Returns:
        the columns of ``TEXTS`` (str, "" where empty) and ``NUMBERS`` (float64, percent or points, NaN where empty).

    Raises:
        UserError: several data sets, no scores of an experiment, or scores under two protocols.
    """
    datasets = table["dataset"].unique()
    if len(datasets) != 1:
        found = f"scores of {len(datasets)} data sets: {', '.join(datasets)}"
        raise UserError(found, where=where, expected="scores on one data set")
    missing = [name for name in experiments if name not in set(table["experiment"])]
    if missing:
        found = f"no scores of {', '.join(missing)}"
        raise UserError(found, where=where, expected=f"one of {', '.join(table['experiment'])}")
    twice = [name for name in repeated(table["experiment"]) if name in experiments]
    if twice:
        raise UserError(f"scores of {twice[0]} under several protocols", where=where, expected="one protocol for each")
    return table.set_index("experiment").loc[list(experiments)].reset_index()[TEXTS + NUMBERS]
