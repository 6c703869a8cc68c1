"""The plot of purified sets: kept against dropped images, injected failures against others, mAP."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from purereid.report.compare_plot import shown
from purereid.report.style import BLUE, GREY, INK, VERMILION, new_plot
from purereid.report.training_sets import set_name

GAP = 0.7  # rows, between generators


def draw_sets(rows: pd.DataFrame, path: Path) -> None:
    """Draw one line per row of ``rows_of_sets``, in two panels, or in three where there are injected failures.

    Args:
        rows: see ``rows_of_sets``.
        path: PNG to write.
    """
    places = np.arange(len(rows)) + GAP * (rows["generator"] != rows["generator"].shift()).cumsum().to_numpy()
    pairs = [("Right identity", "share right [%]", ("right_kept", "kept"), ("right_dropped", "dropped"))]
    if "dropped_all_injected" in rows:
        injected, others = ("dropped_all_injected", "injected"), ("dropped_others", "others")
        pairs.append(("Injected failures", "share dropped [%]", injected, others))
    with new_plot(path, 1.5 + 0.22 * (places[-1] - places[0] + 1)) as figure:
        figure.suptitle(rows["dataset"].iloc[0], fontsize="medium", x=0.01, ha="left")
        *left, right = figure.subplots(1, len(pairs) + 1, sharey=True, width_ratios=[*[1] * len(pairs), 1.4])
        for ax, pair in zip(left, pairs, strict=True):
            _draw_pair(ax, rows, places, *pair)
        _draw_scores(right, rows, places)
        right.set_yticks(places, [shown(_label(rows, row)) for _, row in rows.iterrows()], color=INK)
        right.set_ylim(places[-1] + 0.6, places[0] - 0.6)


def _draw_pair(
    ax: Axes,
    rows: pd.DataFrame,
    places: np.ndarray,
    title: str,
    label: str,
    filled: tuple[str, str],
    hollow: tuple[str, str],
) -> None:
    """Two marks and a line between them for every row; ``filled`` and ``hollow`` are a column and its name."""
    ax.hlines(places, rows[filled[0]], rows[hollow[0]], color=GREY, linewidth=1)
    ax.plot(rows[hollow[0]], places, "o", color=VERMILION, fillstyle="none", markersize=7)
    ax.plot(rows[filled[0]], places, "o", color=BLUE, markersize=4)
    ax.set_title(title)
    ax.set_xlabel(f"{label}\n● {filled[1]}, ○ {hollow[1]}")
    ax.set_xlim(-4, 104)


def _draw_scores(ax: Axes, rows: pd.DataFrame, places: np.ndarray) -> None:
    ax.set_title("mAP")
    ax.set_xlabel("mAP [%]\n95 % interval (grey), reference (dotted)")
    ax.hlines(places, rows["mAP_low"], rows["mAP_high"], color=GREY, linewidth=4, alpha=0.4)
    ax.plot(rows["mAP"], places, "|", color=BLUE, markersize=10, markeredgewidth=2)
    reference = rows.loc[rows["experiment"] == rows["baseline"], "mAP"]
    if reference.notna().any():
        ax.axvline(reference.iloc[0], color=INK, linestyle=":", linewidth=1)


def _label(rows: pd.DataFrame, row: pd.Series) -> str:
    """The set, or the experiment where the set does not tell it."""
    several = ((rows["generator"] == row["generator"]) & (rows["purifier"] == row["purifier"])).sum() > 1
    return row["experiment"] if several or not row["generator"] else set_name(row)
