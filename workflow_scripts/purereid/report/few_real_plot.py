"""The plot of few real images: mAP over their number, one line per kind of generated images beside them."""

from itertools import cycle
from pathlib import Path

import pandas as pd
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from purereid.report.compare_plot import shown
from purereid.report.style import INK, MARKS, colours, new_plot
from purereid.report.training_sets import REAL_ALONE

APART = 1.02  # factor between kinds, as experiments with equally many images would hide each other
WIDE = 5  # times the fewest images: above it the axis is logarithmic


def draw_few_real(rows: pd.DataFrame, reference: str, path: Path) -> None:
    """Draw one line per kind (real images alone first), with 95 % intervals, and the reference as a horizontal line.

    Args:
        rows: see ``recovered``.
        reference: name of an experiment among them.
        path: PNG to write.
    """
    kinds = sorted(set(rows["kind"]), key=lambda kind: (kind != REAL_ALONE, kind))
    with new_plot(path, 4.2 + 0.1 * len(kinds)) as figure:
        ax = figure.subplots()
        for place, (kind, colour, mark) in enumerate(zip(kinds, colours(len(kinds)), cycle(MARKS))):
            own = rows[rows["kind"] == kind]
            beside = own["real"] * APART ** (place - (len(kinds) - 1) / 2)
            ax.vlines(beside, own["mAP_low"], own["mAP_high"], color=colour, linewidth=1)
            ax.plot(beside, own["mAP"], color=colour, marker=mark, markersize=5, label=shown(kind))
        whole = rows.loc[rows["experiment"] == reference, "mAP"].iloc[0]
        ax.axhline(whole, color=INK, linestyle=":", linewidth=1, label=f"mAP of {shown(reference)}")
        if 0 < rows["real"].min() < rows["real"].max() / WIDE:
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
            ax.xaxis.set_minor_locator(NullLocator())
        ax.set_title(rows["dataset"].iloc[0])
        ax.set_xlabel("real training images (experiments with equally many stand side by side)")
        ax.set_ylabel("mAP [%], with its 95 % interval")
        figure.legend(loc="outside lower center", ncols=2)
