"""Cosines of pairs of one person and of two, and what a threshold on them does."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from purereid.report.style import BLUE, GREY, VERMILION, new_plot, percent

COARSE = 40  # bins in a bar


def plot_calibration(edges: np.ndarray, same: np.ndarray, different: np.ndarray, found: dict, path: Path) -> None:
    """Draw a histogram beside the ROC.

    Args:
        edges: [B + 1] of the bins of the cosine.
        same, different: [B] numbers of pairs.
        found: what ``calibrate`` writes.
        path: PNG to write.
    """
    with new_plot(path, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        _draw_cosines(left, edges, same, different, found)
        _draw_roc(right, same, different, found)
        persons = f"{found['persons']} persons that the training did not see"
        figure.suptitle(f"{found['experiment']}, seed {found['seed']}: {persons}", fontsize="medium")


def _draw_cosines(axes: Axes, edges: np.ndarray, same: np.ndarray, different: np.ndarray, found: dict) -> None:
    wide, middle = edges[::COARSE], edges[COARSE // 2 :: COARSE]
    for counts, colour, words in ((same, BLUE, "one person"), (different, VERMILION, "two persons")):
        shares = counts.reshape(-1, COARSE).sum(axis=1) / counts.sum()
        axes.bar(middle[: len(shares)], shares, wide[1] - wide[0], color=colour, alpha=0.6, label=words)
    for each in found["thresholds"]:
        axes.axvline(each["threshold"], color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("cosine of two images; dotted: thresholds")
    axes.set_ylabel("share of the pairs")
    axes.set_title("Pairs of images")
    percent(axes.yaxis)
    axes.legend()


def _draw_roc(axes: Axes, same: np.ndarray, different: np.ndarray, found: dict) -> None:
    true, false = (np.cumsum(counts[::-1]) / counts.sum() for counts in (same, different))
    least = 1 / different.sum()
    axes.plot(np.maximum(false, least), true, color=BLUE)
    for each in found["thresholds"]:
        axes.plot(max(each["false_accepts_found"], least), each["true_accepts"], "o", color=VERMILION)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("two persons taken for one (false accepts)")
    axes.set_ylabel("one person recognised (true accepts)")
    axes.set_ylim(0, 1.01)
    axes.set_title("ROC")
    percent(axes.yaxis)
