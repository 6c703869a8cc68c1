"""How much of the score of all real images comes back from few of them (rule ``few_real``)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.errors import UserError
from purereid.logs import log
from purereid.report.compared import read_compared
from purereid.report.few_real_plot import draw_few_real
from purereid.report.few_real_views import as_page, as_text
from purereid.report.training_images import training_images
from purereid.report.views import write_views


def few_real(
    *,
    compared: Path,
    indexes: Sequence[Path],
    table: Path,
    text: Path,
    page: Path,
    plot: Path,
    experiments: Sequence[dict[str, object]],
    reference: str,
) -> None:
    """Write what experiments reach with how many real images; the same inputs give the same bytes.

    Args:
        compared: table.csv of the rule ``compare``.
        indexes: what the experiments trained on, see ``training_images``.
        table: CSV to write, see ``recovered``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.
        plot: PNG to write.
        experiments: what ``training_images`` needs; experiment; kind (``training_sets.REAL_ALONE``, "generated" or
            "generated, PURIFIER", with the name of a network in front if generators have several), whatever the number
            of real images.
        reference: the experiment with all real images.

    Raises:
        UserError: the reference is not among the experiments; as ``read_compared`` and ``training_rows``.
        ValueError: as ``training_images``.
    """
    names = [each["experiment"] for each in experiments]
    if reference not in names:
        raise UserError(
            f"the reference {reference} is not among the experiments",
            where="few_real",
            expected=", ".join(names) or None,
        )
    scores = read_compared(compared, names)
    used = [
        {"experiment": each["experiment"], "kind": each["kind"]} | counted
        for each, counted in zip(experiments, training_images(indexes, experiments), strict=True)
    ]
    rows = recovered(pd.DataFrame(used), scores, reference)
    draw_few_real(rows, reference, Path(plot))
    words, html = as_text(rows, reference), as_page(rows, reference, Path(plot).read_bytes())
    write_views(rows, words, html, table=table, text=text, page=page)
    log.info("%s", words)


def recovered(used: pd.DataFrame, scores: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row per experiment, by the number of real images; equal ones in the order given.

    Columns: dataset, experiment, kind, those of ``training_images``, real_share and mAP_share (percent of the
    reference's), those of ``read_compared``. A share of nothing is NaN.
    """
    rows = used.merge(scores, on="experiment", validate="one_to_one")
    whole = rows[rows["experiment"] == reference].iloc[0]
    shares = {f"{name}_share": 100 * rows[name] / (whole[name] or float("nan")) for name in ("real", "mAP")}
    rows = rows.assign(**shares).sort_values("real", kind="stable", ignore_index=True)
    first = ["dataset", *used, *shares]
    return rows[[*first, *(name for name in rows if name not in first)]]
