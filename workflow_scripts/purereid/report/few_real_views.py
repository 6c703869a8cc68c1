"""Scores of few real images for the eye: plain text for the terminal, a page for the browser."""

from html import escape

import pandas as pd

from purereid.report.compare_views import about_intervals, interval_cell, mean_cell, number_cell, remarks_of
from purereid.report.tables import Block, html_block, html_page, html_plot, text_block
from purereid.report.training_sets import REAL_ALONE

HEADER = ["experiment", "kind", "real", "real %", "several", "generated", "mAP", "mAP %", "95 % interval"]
DEFINITIONS = [
    f"kind: {REAL_ALONE}, or together with generated ones: all of a pool, or those that this purifier kept",
    "real: real training images; real %: their share of those of {reference}",
    "several: identities with more than one real training image",
    "generated: generated images that the experiment trained on",
    "mAP: in percent, mean over the seeds ± sample standard deviation; mAP %: its share of that of {reference}",
]


def as_text(rows: pd.DataFrame, reference: str) -> str:
    """The rows of ``recovered`` as an aligned table, at most 100 columns wide."""
    return text_block(_block(rows, reference))


def as_page(rows: pd.DataFrame, reference: str, plot: bytes) -> str:
    """The same table and the plot (PNG) as one HTML page that needs no other file."""
    title = f"Few real images: {rows['dataset'].iloc[0]}"
    picture = html_plot(plot, "mAP over the number of real images")
    return html_page(title, f"<h1>{escape(title)}</h1>\n{html_block(_block(rows, reference))}{picture}")


def _block(rows: pd.DataFrame, reference: str) -> Block:
    lines = [
        [
            row["experiment"],
            row["kind"],
            str(row["real"]),
            number_cell(row["real_share"]),
            str(row["identities_several"]),
            str(row["generated"]),
            mean_cell(row, "mAP"),
            number_cell(row["mAP_share"]),
            interval_cell(row),
        ]
        for _, row in rows.iterrows()
    ]
    title = f"{rows['dataset'].iloc[0]}: what is reached with how many real training images"
    remarks = [text.format(reference=reference) for text in DEFINITIONS]
    return Block(title, [HEADER, *lines], [*remarks, *about_intervals(rows), *remarks_of(rows)])
