"""A comparison in its three forms: CSV with everything, text for the terminal, one page for the browser."""

from pathlib import Path

import pandas as pd

from purereid.data.atomic import whole_file, write_text


def write_views(
    rows: pd.DataFrame, words: str, html: str, *, table: Path, text: Path, page: Path, numbers: str = "%.6g"
) -> None:
    """Write all three; the same arguments give the same bytes.

    Args:
        rows: what the table holds.
        words, html: the same for the eye.
        table, text, page: CSV, plain text and HTML to write.
        numbers: how floating point numbers stand in the CSV.
    """
    with whole_file(Path(table)) as temporary:
        rows.to_csv(temporary, index=False, float_format=numbers, lineterminator="\n")
    write_text(page, html)
    write_text(text, words + "\n")
