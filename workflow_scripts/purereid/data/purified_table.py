"""The table that every rule of purification returns: one row per generated image, in the order of the input.

image (string), pid (int64, intended identity), kept (bool), score (float64, finite, higher is more trustworthy),
reason (string, a few words for people).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from purereid.data.names import repeated
from purereid.errors import UserError


def purified_table(
    images: Sequence[str], pids: np.ndarray, kept: np.ndarray, scores: np.ndarray, reasons: Sequence[str]
) -> pd.DataFrame:
    """Put the table together from its columns, N values each.

    Raises:
        UserError: no images, an image listed twice, a score that is not a finite number.
        ValueError: columns of different lengths.
    """
    columns = {
        "image": list(images),
        "pid": np.asarray(pids, np.int64),
        "kept": np.asarray(kept, bool),
        "score": np.asarray(scores, np.float64),
        "reason": list(reasons),
    }
    table = pd.DataFrame(columns)
    check_table(table)
    return table


def check_table(table: pd.DataFrame, where: object = None) -> None:
    """Refuse a table that no rule makes; ``where`` is the file for the message. Raises UserError."""
    if table.empty:
        raise UserError("there are no generated images to purify", where=where)
    twice = repeated(table["image"])
    if twice:
        raise UserError(f"image {twice[0]} is listed twice", where=where, expected="one row per image")
    check_scores(table["image"], table["score"].to_numpy(), where)


def check_scores(images: Sequence[str], scores: np.ndarray, where: object = None) -> None:
    """Refuse scores [N] that cannot be put into an order. Raises UserError."""
    bad = ~np.isfinite(scores)
    if bad.any():
        raise UserError(
            f"{np.count_nonzero(bad)} of {len(scores)} scores are not finite numbers",
            where=where or f"the first: that of {list(images)[int(np.argmax(bad))]}",
            expected="a finite score for every image",
            do="look for features or probabilities that are not numbers",
        )


def summary(table: pd.DataFrame) -> dict[str, float]:
    """What is left: images, kept, share (0..1), identities (with any image), identities_kept (with a kept one).

    An empty kept set is a result like any other: its numbers are 0.
    """
    kept = table["kept"].to_numpy()
    return {
        "images": len(table),
        "kept": int(kept.sum()),
        "share": float(kept.mean()),
        "identities": int(table["pid"].nunique()),
        "identities_kept": int(table["pid"][kept].nunique()),
    }
