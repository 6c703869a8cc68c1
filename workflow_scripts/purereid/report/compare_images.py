"""Compare the images of all generators: one table, one text, one page (rule ``compare_images``)."""

from pathlib import Path

from purereid.logs import log
from purereid.report.compare_images_views import as_page, as_text
from purereid.report.image_scores import arrange, read_image_scores
from purereid.report.views import write_views


def compare_images(*, scores: list[Path], table: Path, text: Path, page: Path) -> None:
    """Write the scores of all generators of a data set; the same inputs give the same bytes.

    Args:
        scores: scores.json of each generator.
        table: CSV to write: one row per score with all that is known about it, see ``read_image_scores``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.

    Raises:
        UserError: as ``read_image_scores``.
    """
    found = read_image_scores(scores)
    dataset, tables = found["dataset"].iloc[0], arrange(found)
    words, html = as_text(dataset, tables), as_page(dataset, tables)
    write_views(found, words, html, table=table, text=text, page=page)
    log.info("%s", words)
