"""Scores of generated images for the eye: plain text for the terminal, a page for the browser."""

import textwrap
from html import escape

import pandas as pd

from purereid.report.image_scores import ScoreTable
from purereid.report.tables import WIDTH, Block, html_block, html_page, text_block

ARROWS = {"higher": " ↑", "lower": " ↓", "none": ""}
HEADINGS = {
    "targets": "Against the targets: the real images whose poses were asked for",
    "source": "Against the sources: is it the same person?",
    "truth": "Against the truth: the persons rendered in the poses asked for",
    "train_source": "Against the sources, of the images for training",
    "train": "Against the real training images, as sets",
    "none": "Of the images alone",
}
LEGEND = (
    "↑ higher is better, ↓ lower is better, - not scored; ± standard deviation over the images, or over the parts that "
    "the definition names. The number of a column leads to its definition below the table: values of two columns are "
    "not comparable, even where the score has the same name. In similarity and distance to targets and truth, a "
    "generator should beat the trivial ones: the source as it is, and the mean of the training images with the nearest "
    "poses. In features the source, a real image of the person, is best by construction; another real image of the "
    "person is the ceiling. What a real image of another person reaches, or a grey image, is the floor: a generator "
    "near it shows nobody in particular."
)


def as_text(dataset: str, tables: list[ScoreTable]) -> str:
    """The tables (see ``arrange``) as aligned text, at most 100 columns wide."""
    title = textwrap.wrap(f"{dataset}: scores of generated images", WIDTH)
    legend = "\n".join([*title, *textwrap.wrap(LEGEND, WIDTH)])
    return "\n\n".join([legend, *(text_block(_block(table)) for table in tables)])


def as_page(dataset: str, tables: list[ScoreTable]) -> str:
    """The tables as one HTML page that needs no other file."""
    title = f"Scores of generated images: {dataset}"
    body = "".join(html_block(_block(table)) for table in tables)
    return html_page(title, f"<h1>{escape(title)}</h1>\n<p>{escape(LEGEND)}</p>\n{body}")


def _block(table: ScoreTable) -> Block:
    return Block(HEADINGS[table.against], _lines(table), _remarks(table))


def _lines(table: ScoreTable) -> list[list[str]]:
    """Header and rows."""
    columns = enumerate(table.columns)
    header = ["generator", *(f"{column['score']}{ARROWS[column['better']]} [{n + 1}]" for n, column in columns)]
    numbers = range(len(table.columns))
    return [header, *([name, *(_value(table.cells.get((name, n))) for n in numbers)] for name in table.rows)]


def _remarks(table: ScoreTable) -> list[str]:
    """What each column is: definition, number of images, size, weights, notes."""
    remarks = []
    for number, column in enumerate(table.columns):
        cells = {name: cell for (name, place), cell in table.cells.items() if place == number}
        about = [
            column["definition"].rstrip("."),
            _said({name: f"{cell['images']} images" for name, cell in cells.items()}),
            f"{column['height']} x {column['width']} pixels",
            f"weights {column['weights']}" if column["weights"] else "no weights",
            _said({name: cell["note"] for name, cell in cells.items()}),
        ]
        remarks.append(f"[{number + 1}] {column['score']}: {'; '.join(filter(None, about))}")
    return remarks


def _said(texts: dict[str, str]) -> str:
    """Each text once, with the rows that it concerns unless it concerns all."""
    owners: dict[str, list[str]] = {}
    for name, text in texts.items():
        owners.setdefault(text, []).append(name)
    owners.pop("", None)
    return ", ".join(
        text if len(names) == len(texts) else f"{text} ({', '.join(names)})" for text, names in owners.items()
    )


def _value(cell: pd.Series | None) -> str:
    if cell is None:
        return "-"
    value, spread = cell["value"], cell["spread"]
    number = f"{value:.1e}" if 0 < abs(value) < 0.001 else f"{value:.3f}"
    return number + ("" if pd.isna(spread) else f" ±{spread:.3f}")
