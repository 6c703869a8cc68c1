"""Scores of generated images, read from the files of the rule ``score_images`` and arranged as tables."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from purereid.errors import UserError

WRITER = "scores.json of score_images"
AGAIN = "delete the file, so that it is made again"
TRIVIAL = {
    "copy_source": "copy of the source",
    "pose_neighbours": "mean of the nearest poses",
    "pose_image": "image that shows the pose",
    "same_person": "other real image of the person",
    "other_person": "real image of another person",
    "grey": "grey image",
    "real": "real images",
}
VALUES = {"of": ("generator", *TRIVIAL), "against": ("targets", "source", "truth", "train", "train_source", "none")}
VALUES |= {"better": ("higher", "lower", "none")}
FIELDS = {
    **dict.fromkeys(("score", "of", "against"), str),
    "value": (int, float),
    "spread": (int, float, type(None)),
    **dict.fromkeys(("better", "definition"), str),
    **dict.fromkeys(("images", "height", "width"), int),
    "weights": (str, type(None)),
    "note": str,
}
KEY = ["score", "better", "definition", "height", "width", "weights"]  # values that differ in any are not comparable


@dataclass(frozen=True)
class ScoreTable:
    """Comparable scores of one kind.

    Attributes:
        against: what the images were compared with.
        rows: names of generators, of trivial ones and of real images.
        columns: the values of ``KEY`` of each column.
        cells: cells[row name, number of the column]: a row of ``read_image_scores``; some are missing.
    """

    against: str
    rows: list[str]
    columns: list[dict]
    cells: dict[tuple[str, int], pd.Series]


def read_image_scores(paths: list[Path]) -> pd.DataFrame:
    """Read the scores of the generators of one data set.

    Returns:
        one row per score: dataset, generator, system and ``FIELDS``; weights is "" and spread NaN where there is none.

    Raises:
        UserError: no file; one that is missing or of another kind, or holds a score twice; a generator given twice;
            several data sets.
    """
    tables = [_read(Path(path)) for path in paths]
    named = [(table["dataset"].iloc[0], table["generator"].iloc[0]) for table in tables]
    datasets = sorted({dataset for dataset, _ in named})
    if len(datasets) != 1:
        found = f"scores of {len(datasets)} data sets: {', '.join(datasets)}"
        raise UserError(found, expected="scores of one data set, of one generator or more")
    if len(set(named)) < len(named):
        raise UserError("a generator is given twice", where=", ".join(map(str, paths)), expected="one file of each")
    return pd.concat(tables, ignore_index=True)


def arrange(scores: pd.DataFrame) -> list[ScoreTable]:
    """One table for each thing that images were compared with.

    Every column holds one score in one definition, for one image size and with the same weights. Generators come
    first, in the order of the files, whether they have such scores or not; trivial generators and real images follow.
    These are in one row for all generators, unless their values differ.
    """
    scores = scores.assign(row=_row_names(scores))
    generators = list(dict.fromkeys(scores.loc[scores["of"] == "generator", "row"]))
    tables = []
    for against in VALUES["against"]:
        part = scores[scores["against"] == against]
        if len(part):
            others = [name for of in TRIVIAL for name in dict.fromkeys(part.loc[part["of"] == of, "row"])]
            columns, cells = _columns(part)
            tables.append(ScoreTable(against, [*generators, *others], columns, cells))
    return tables


def _columns(part: pd.DataFrame) -> tuple[list[dict], dict[tuple[str, int], pd.Series]]:
    """Columns of one score stand side by side."""
    order = {score: place for place, score in enumerate(dict.fromkeys(part["score"]))}
    keys = sorted(dict.fromkeys(part[KEY].itertuples(index=False, name=None)), key=lambda key: order[key[0]])
    number = {key: place for place, key in enumerate(keys)}
    cells: dict[tuple[str, int], pd.Series] = {}
    for _, row in part.iterrows():
        cells.setdefault((row["row"], number[tuple(row[KEY])]), row)
    return [dict(zip(KEY, key, strict=True)) for key in keys], cells


def _row_names(scores: pd.DataFrame) -> list[str]:
    measured = scores[scores["of"] != "generator"].groupby(["of", "against", *KEY])[["value", "spread", "images"]]
    several = {names[0] for names, rows in measured if len(rows.drop_duplicates()) > 1}
    return [_row_name(row, row["of"] in several) for _, row in scores.iterrows()]


def _row_name(row: pd.Series, several: bool) -> str:
    if row["of"] == "generator":
        return row["generator"] if row["generator"] == row["system"] else f"{row['generator']} ({row['system']})"
    return TRIVIAL[row["of"]] + (f" (for {row['generator']})" if several else "")


def _read(path: Path) -> pd.DataFrame:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {name: content[name] for name in ("dataset", "generator", "system")}
        rows = [_checked(row, path) for row in content["scores"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"the scores cannot be read: {error!r}", where=path, expected=WRITER, do=AGAIN) from None
    if not rows:
        raise UserError("no scores", where=path, expected=WRITER, do=AGAIN)
    table = pd.DataFrame([names | row for row in rows]).astype({"value": float, "spread": float})
    table["weights"] = table["weights"].fillna("")
    twice = table[table.duplicated(["of", "against", *KEY])]
    if len(twice):
        what = (
            f"{twice['score'].iloc[0]} of {twice['of'].iloc[0]} against {twice['against'].iloc[0]} stands there twice"
        )
        raise UserError(what, where=path, expected="each score once", do=AGAIN)
    return table


def _checked(row: dict, path: Path) -> dict:
    """The fields of a row; the JSON of Python may hold NaN."""
    bad = [name for name, kind in FIELDS.items() if not isinstance(row[name], kind)]
    bad += [name for name, known in VALUES.items() if row[name] not in known]
    bad += [name for name in ("value", "spread") if isinstance(row[name], float) and not math.isfinite(row[name])]
    if bad:
        found = ", ".join(f"{name} {row[name]!r}" for name in bad)
        raise UserError(f"a score with {found}", where=path, expected=WRITER, do=AGAIN)
    return {name: row[name] for name in FIELDS}
