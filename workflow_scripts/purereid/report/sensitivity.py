"""What purifiers drop of which failures, at which share of them and with which settings (rule ``sensitivity``)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from purereid.errors import UserError
from purereid.logs import log
from purereid.report.kept_sets import chance_range, read_set
from purereid.report.sensitivity_views import as_page, as_text
from purereid.report.views import write_views

ABOUT = ["generator", "trained", "kinds", "injected", "steps", "purifier", "rule", "link"]
FAILURES = ("injected", "wrong")  # spoiled on purpose; those that look to another encoder like somebody else


def sensitivity(
    *,
    kept: Sequence[Path],
    truth: Sequence[Path],
    table: Path,
    text: Path,
    page: Path,
    sets: Sequence[dict[str, object]],
) -> None:
    """Write one row per set; the same inputs give the same bytes.

    Args:
        kept, truth: kept.parquet and truth.parquet of each set.
        table: CSV to write, with the columns of ``ABOUT`` and ``figures``.
        text: plain text to write, for the terminal.
        page: HTML to write, with everything inside.
        sets: what each set is of: the columns of ``ABOUT``, see ``Configuration.about_set``.

    Raises:
        UserError: no set; files that cannot be read or show different images.
        ValueError: not as many files as sets.
    """
    if not sets:
        raise UserError(
            "there is no purified set whose failures could be counted",
            where="sensitivity.generators",
            expected="generators, with images that are spoiled on purpose or of a training that was stopped early",
            do="name some, as presets/sensitivity.yaml does",
        )
    found = [each | figures(read_set(*paths)) for each, *paths in zip(sets, kept, truth, strict=True)]
    rows = pd.DataFrame(found)[[*ABOUT, *(name for name in found[0] if name not in ABOUT)]]
    write_views(rows, as_text(rows), as_page(rows), table=table, text=text, page=page)
    log.info("%s", as_text(rows))


def figures(images: pd.DataFrame) -> dict[str, float]:
    """How failures are dropped beside other images; shares in percent, NaN where there is nothing to count.

    Args:
        images: columns of ``kept_sets.read_set``, N rows.

    Returns:
        images (N), dropped (share of them), and of both kinds of ``FAILURES``, such as wrong: wrong_images (share of
        N), wrong_dropped and wrong_others (shares dropped of these and of all others), wrong_ratio (the first over the
        second: above 1 the purifier finds them), wrong_chance (points by which both differ at most in 95 % of random
        choices of as many images).
    """
    dropped = ~images["kept"].to_numpy()
    numbers: dict[str, float] = {"images": len(images), "dropped": 100 * dropped.mean()}
    failed = {
        "injected": images["injected"].to_numpy(str) != "",
        "wrong": images["nearest_pid"].to_numpy() != images["pid"].to_numpy(),
    }
    for kind in FAILURES:
        bad = failed[kind]
        numbers |= {f"{kind}_{name}": value for name, value in _found(bad, dropped).items()}
    return numbers


def _found(bad: np.ndarray, dropped: np.ndarray) -> dict[str, float]:
    shares = [100 * dropped[part].mean() if part.any() else np.nan for part in (bad, ~bad)]
    number, others = np.count_nonzero(bad), np.count_nonzero(~bad)
    return {
        "images": 100 * bad.mean(),
        "dropped": shares[0],
        "others": shares[1],
        "ratio": shares[0] / shares[1] if shares[1] else np.nan,
        "chance": chance_range(number, others, np.count_nonzero(dropped)) if number else np.nan,
    }
