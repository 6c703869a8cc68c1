"""Cosines of pairs of one person and of two, and what a threshold on them does."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from purereid.report.style import BLUE, GREY, VERMILION, new_plot, percent

BARS = 60
POINTS = 400  # of a curve


def plot_calibration(same: np.ndarray, different: np.ndarray, found: dict, path: Path) -> None:
    """Draw a histogram beside the ROC.

    Args:
        same, different: cosines of pairs of one person and of two, the highest first.
        found: what ``calibrate`` writes.
        path: PNG to write.
    """
    with new_plot(path, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        _draw_cosines(left, same, different, found)
        _draw_roc(right, same, different, found)
        persons = f"{found['persons']} persons that the training did not see"
        figure.suptitle(f"{found['experiment']}, seed {found['seed']}: {persons}", fontsize="medium")


def _draw_cosines(axes: Axes, same: np.ndarray, different: np.ndarray, found: dict) -> None:
    edges = np.linspace(min(same[-1], different[-1]), max(same[0], different[0]), BARS + 1)
    for cosines, colour, words in ((same, BLUE, "one person"), (different, VERMILION, "two persons")):
        shares = np.full(len(cosines), 1 / len(cosines))
        axes.hist(cosines, edges, weights=shares, color=colour, alpha=0.6, label=words)
    for each in found["thresholds"]:
        axes.axvline(each["threshold"], color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("cosine of two images; dotted: thresholds")
    axes.set_ylabel("share of the pairs")
    axes.set_title("Pairs of images")
    percent(axes.yaxis)
    axes.legend()


def _draw_roc(axes: Axes, same: np.ndarray, different: np.ndarray, found: dict) -> None:
    least = 1 / len(different)
    false = np.geomspace(least, 1, POINTS)
    places = np.minimum((false * len(different)).astype(int), len(different) - 1)
    true = np.searchsorted(-same, -different[places], side="right") / len(same)
    axes.plot(false, true, color=BLUE)
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
