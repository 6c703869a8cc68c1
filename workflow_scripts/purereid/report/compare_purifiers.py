"""Compare what purifiers keep of generated images, and what is learnt from it (rule ``compare_purifiers``)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from purereid.data.atomic import whole_file
from purereid.errors import UserError
from purereid.logs import log
from purereid.report.compare_purifiers_plot import draw_sets
from purereid.report.compare_purifiers_views import as_page, as_text
from purereid.report.compared import read_compared
from purereid.report.kept_sets import describe_sets

SET = ["generator", "purifier"]


def compare_purifiers(
    *,
    kept: Sequence[Path],
    truth: Sequence[Path],
    compared: Path,
    table: Path,
    text: Path,
    page: Path,
    plot: Path,
    sets: Sequence[dict[str, str]],
    experiments: Sequence[dict[str, str | None]],
) -> None:
    """Write the comparison of all purified sets of a data set; the same inputs give the same bytes.

    Args:
        kept, truth: kept.parquet and truth.parquet of each set.
        compared: table.csv of the rule ``compare``.
        table: CSV to write, see ``comparison``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.
        plot: PNG to write.
        sets: generator and purifier of each set, in the order of ``kept``.
        experiments: which set each experiment trained on: experiment, generator (None: real images alone), purifier
            (None: all generated images). Others in ``compared`` are left out.

    Raises:
        UserError: as ``describe_sets`` and ``read_compared``; no experiment, or one whose set is not among ``sets``.
    """
    if not experiments:
        raise UserError("there is no experiment to compare", expected="the reference, at least")
    described = describe_sets(sets, kept, truth)
    scores = read_compared(compared, [each["experiment"] for each in experiments])
    rows = comparison(described, experiments, scores)
    draw_sets(rows, Path(plot))
    with whole_file(Path(table)) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    with whole_file(Path(page)) as temporary:
        temporary.write_text(as_page(rows, Path(plot).read_bytes()), encoding="utf-8")
    with whole_file(Path(text)) as temporary:
        temporary.write_text(as_text(rows) + "\n", encoding="utf-8")
    log.info("%s", as_text(rows))


def comparison(
    described: pd.DataFrame, experiments: Sequence[dict[str, str | None]], scores: pd.DataFrame
) -> pd.DataFrame:
    """One row per set and experiment that trained on it; a set on which none trained has one row too.

    Real images alone (generator and purifier "") come first, then the sets in the order of ``described``, then
    generators without purified sets. Columns: dataset and those of ``describe_sets`` and ``read_compared``; where there
    is no set or no experiment, numbers are NaN and texts "".

    Raises:
        UserError: an experiment that trained on a set which is not described.
    """
    trained = pd.DataFrame([{name: each[name] or "" for name in ("experiment", *SET)} for each in experiments])
    trained = trained.merge(scores.drop(columns="dataset"), on="experiment", validate="one_to_one")
    known = list(described[SET].itertuples(index=False, name=None))
    used = list(trained[SET].itertuples(index=False, name=None))
    strange = [" / ".join(name) for name in used if name[1] and name not in known]
    if strange:
        raise UserError(f"an experiment trained on the set {strange[0]}, which is not given", expected="all sets")
    alone = [name for name in used if not name[0]]
    names = pd.DataFrame(list(dict.fromkeys([*alone, *known, *used])), columns=SET)
    rows = names.merge(described, how="left", on=SET).merge(trained, how="left", on=SET)
    rows.insert(0, "dataset", scores["dataset"].iloc[0])
    return rows.fillna(dict.fromkeys(("experiment", "seeds", "baseline", "remark"), ""))
