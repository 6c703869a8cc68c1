"""What purifiers find of failures for the eye: plain text for the terminal, a page for the browser."""

from html import escape

import pandas as pd

from purereid.report.tables import Block, html_block, html_page, text_block

TITLE = "What purifiers drop of which failures"
HEADER = ["set", "trained", "GCN steps", "link", "dropped", "failures", "dropped", "others", "ratio", "chance"]
DEFINITIONS = [
    "trained: share of the generator's training after which it stopped, in percent",
    "link: probability above which images are linked, or, after p, the precision that decides it",
    "dropped: share of all images that is dropped, in percent",
    "failures: their share of the images, in percent; beside it the shares dropped of them and of the others",
    "ratio: of these two: above 1 failures are dropped more often than other images",
    "chance: points by which the two differ at most in 95 % of random choices of as many images",
]
KINDS = {
    "injected": "failures: images that were spoiled on purpose",
    "wrong": "failures: images that look to another encoder like somebody else than whom they should show",
}


def as_text(rows: pd.DataFrame) -> str:
    """The rows of ``sensitivity`` as aligned tables, at most 100 columns wide."""
    return "\n\n".join(map(text_block, _blocks(rows)))


def as_page(rows: pd.DataFrame) -> str:
    """The same tables as one HTML page that needs no other file."""
    return html_page(TITLE, f"<h1>{escape(TITLE)}</h1>\n{''.join(map(html_block, _blocks(rows)))}")


def _blocks(rows: pd.DataFrame) -> list[Block]:
    """One table of each kind of failure that occurs."""
    tables = []
    for kind, title in KINDS.items():
        those = rows[rows[f"{kind}_images"] > 0]
        if len(those):
            lines = [_line(row, kind) for _, row in those.iterrows()]
            tables.append(Block(f"{TITLE}; {title}", [HEADER, *lines], DEFINITIONS))
    return tables or [Block(f"{TITLE}: no image failed", [HEADER], DEFINITIONS)]


def _line(row: pd.Series, kind: str) -> list[str]:
    numbers = [f"{kind}_{name}" for name in ("images", "dropped", "others")]
    spoiled = f" {row['kinds']}" if row["kinds"] else ""
    return [
        f"{row['generator']}{spoiled}, {row['purifier']}",
        _cell(row["trained"], "{:g}"),
        _cell(row["steps"], "{:.0f}"),
        row["link"] or "-",
        *(_cell(row[name], "{:.1f}") for name in ("dropped", *numbers)),
        _cell(row[f"{kind}_ratio"], "{:.2f}"),
        _cell(row[f"{kind}_chance"], "±{:.1f}"),
    ]


def _cell(value: float, form: str) -> str:
    return "-" if pd.isna(value) else form.format(value)
