"""Experiments across data sets: what they are trained on down the side, what they are tested on along the top."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from purereid.logs import log
from purereid.report.compare_views import mean_cell
from purereid.report.compared import read_table
from purereid.report.tables import Block, html_block, html_page, text_block
from purereid.report.views import write_views

TEXTS = ["dataset", "experiment", "protocol", "seeds", "queries"]
SCORES = ["mAP", "rank1"]
NUMBERS = [f"{score}{suffix}" for score in SCORES for suffix in ("", "_sd")]
KIND = ["system", "backbone", "size", "images"]  # what experiments of one block have in common
TITLE = "Trained on one data set, tested on another"
UNTRAINED = "not trained"
LEGEND = (
    "Percent; mean over the seeds ± sample standard deviation. Compare within a column alone: each data set has queries"
    " and a gallery of its own."
)
OWN = "*: of the data set that was trained on, by its test persons."


def compare_datasets(
    *, compared: Sequence[Path], table: Path, text: Path, page: Path, experiments: Sequence[dict]
) -> None:
    """Write scores by training and test set; the same inputs give the same bytes.

    Args:
        compared: table.csv of the rule ``compare``, of each data set that is tested on.
        table: CSV to write, one row for each experiment, data set tested on and protocol: what ``experiments`` tells of
            it, then dataset, protocol, seeds, queries, mAP, mAP_sd, rank1, rank1_sd (percent).
        text, page: the same as tables, for terminal and browser.
        experiments: in the order of the rows: experiment; system, backbone, size and images (in words), by which they
            are put together; train, the data set, and sources, those that it merges; learns, whether it was trained.

    Raises:
        UserError: a table that is missing, damaged or of another kind.
    """
    scores = pd.concat([read_table(path, TEXTS, NUMBERS) for path in compared], ignore_index=True)
    several = scores.groupby("dataset")["protocol"].transform("nunique") > 1
    named = scores["dataset"].mask(several, scores["dataset"] + " (" + scores["protocol"] + ")")
    rows = pd.DataFrame(experiments).merge(scores.assign(column=named), on="experiment")
    blocks = _blocks(rows, list(dict.fromkeys(named)))
    words = "\n\n".join([TITLE, *(text_block(block) for block in blocks)])
    html = html_page(TITLE, f"<h1>{escape(TITLE)}</h1>\n{''.join(map(html_block, blocks))}")
    rows = rows.assign(sources=rows["sources"].map(" ".join)).drop(columns="column")
    write_views(rows, words, html, table=table, text=text, page=page, numbers="%.4f")
    log.info("%s", words)


def _blocks(rows: pd.DataFrame, columns: list[str]) -> list[Block]:
    """One table for each kind of experiments that learn, then one of those that do not; remarks below the last."""
    learning = rows[rows["learns"]]
    kinds = [
        (f"{system}, {backbone}, {size}: {images}", own)
        for (system, backbone, size, images), own in learning.groupby(KIND, sort=False)
    ]
    kinds += [(UNTRAINED, rows[~rows["learns"]])] if len(learning) < len(rows) else []
    *blocks, last = [Block(name, _lines(own, columns), []) for name, own in kinds]
    return [*blocks, Block(last.title, last.lines, _remarks(rows, columns))]


def _remarks(rows: pd.DataFrame, columns: list[str]) -> list[str]:
    tests = rows.drop_duplicates("column").set_index("column").loc[columns]
    own = [OWN] if any(_is_own(row) for _, row in rows.iterrows()) else []
    said = [f"{name}: {row['queries']} queries ({row['protocol']})" for name, row in tests.iterrows()]
    return [LEGEND, *own, *said]


def _lines(rows: pd.DataFrame, columns: list[str]) -> list[list[str]]:
    """Header, and experiments with the same training set one below the other."""
    header = ["trained on", "experiment", "seeds", *(f"{name} {score}" for name in columns for score in SCORES)]
    groups = rows.groupby([rows.apply(_trained_on, axis=1), "experiment"], sort=False)
    order = list(dict.fromkeys(trained_on for (trained_on, _), _ in groups))
    lines = [_line(trained_on, own, columns) for (trained_on, _), own in groups]
    return [header, *sorted(lines, key=lambda line: order.index(line[0]))]


def _line(trained_on: str, rows: pd.DataFrame, columns: list[str]) -> list[str]:
    """What one experiment reaches on each data set."""
    cells = {(row["column"], score): _cell(row, score) for _, row in rows.iterrows() for score in SCORES}
    found = [cells.get((name, score), "-") for name in columns for score in SCORES]
    first = rows.iloc[0]
    return [trained_on, first["experiment"], str(len(first["seeds"].split())), *found]


def _cell(row: pd.Series, score: str) -> str:
    return mean_cell(row, score) + "*" * (_is_own(row) and pd.notna(row[score]))


def _trained_on(row: pd.Series) -> str:
    if not row["learns"]:
        return "nothing"
    return f"{row['train']} ({' + '.join(row['sources'])})" if row["sources"] else row["train"]


def _is_own(row: pd.Series) -> bool:
    """Whether an experiment is tested on the data set that it was trained on, or on a part of it."""
    return bool(row["learns"]) and row["dataset"] in (row["train"], *row["sources"])
