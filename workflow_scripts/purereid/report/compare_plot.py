"""The plot of a comparison: mAP of every experiment with its interval and its seeds."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from purereid.report.runs import Run
from purereid.report.style import BLUE, GREY, INK, VERMILION, new_plot, note

NAME = 34  # letters of an experiment's name that are shown


def draw_comparison(table: pd.DataFrame, groups: list[list[Run]], path: Path) -> None:
    """Draw one panel per data set and protocol, one line per experiment.

    Args:
        table: see ``comparison``.
        groups: the runs of each row of the table.
        path: PNG to write.
    """
    panels = list(table.groupby(["dataset", "protocol"], sort=False))
    heights = [0.6 + 0.3 * len(rows) for _, rows in panels]
    with new_plot(path, sum(heights) + 0.6 * len(panels)) as figure:
        axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
        for ax, ((dataset, protocol), rows) in zip(axes, panels, strict=True):
            ax.set_title(f"{dataset} ({protocol})")
            _draw_panel(ax, rows, groups)


def _draw_panel(ax: Axes, rows: pd.DataFrame, groups: list[list[Run]]) -> None:
    for place, (number, row) in enumerate(rows.iterrows()):
        seeds = [100 * run.single["mAP"] for run in groups[number] if run.single["mAP"] is not None]
        ax.plot([row["mAP_low"], row["mAP_high"]], [place, place], color=GREY, linewidth=4, alpha=0.4)
        ax.plot(seeds, [place] * len(seeds), "o", color=VERMILION, markersize=4, fillstyle="none")
        ax.plot(row["mAP"], place, "|", color=BLUE, markersize=14, markeredgewidth=2)
    ax.set_yticks(range(len(rows)), [shown(name) for name in rows["experiment"]], color=INK)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("mAP [%]: mean (bar), seeds (circles), 95 % interval (grey)")
    if rows["mAP"].isna().all():
        note(ax, "there is no mAP under this protocol")


def shown(name: str) -> str:
    """A name, cut where it is too long for a label."""
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"
