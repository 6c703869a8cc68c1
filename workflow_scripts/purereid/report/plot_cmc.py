"""Cumulative matching characteristics of all experiments on a data set."""

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from purereid.errors import UserError
from purereid.report.style import colours, new_plot, percent

RANKS = [1, 2, 5, 10, 20, 50]


def plot_cmc(*, scores: list[Path], plot: Path) -> None:
    """Plot the share of queries with a right gallery image among the first k, for every experiment.

    One line per experiment, the mean over its seeds, in a band from the lowest to the highest seed. The legend gives
    the mAP (not trapezoid) of the plain ranking, and the protocol where not all have the same.

    Args:
        scores: scores.json files of one data set.
        plot: PNG or SVG to write.

    Raises:
        UserError: a file that is missing or no scores.json, files of several data sets, or none.
    """
    runs = [read_scores(path) for path in scores]
    datasets = sorted({run["dataset"] for run in runs})
    if len(datasets) != 1:
        raise UserError(
            f"scores of {len(datasets)} data sets: {', '.join(datasets)}", where=plot, expected="scores of one data set"
        )
    lines = group(runs)
    with new_plot(plot, 3.8 + 0.22 * len(lines)) as figure:
        axes = figure.subplots()
        for runs_of_line, colour in zip(lines.values(), colours(len(lines)), strict=True):
            draw_line(axes, runs_of_line, colour)
        names = [f"{name}: {mean_ap(runs_of_line)}" for name, runs_of_line in lines.items()]
        figure.legend(axes.get_lines(), names, loc="outside lower center")
        axes.set_title(f"{datasets[0]}, protocol {' and '.join(protocols(runs))}")
        label_axes(axes)


def read_scores(path: Path) -> dict:
    """Read one scores.json and check that it holds what is plotted."""
    try:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        run["dataset"], run["experiment"], run["protocol"]["name"]
        run["single_query"]["mAP"], run["single_query"]["cmc"][0]
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UserError(f"scores cannot be read: {error!r}", where=path, expected="a scores.json of evaluate") from None
    return run


def group(runs: list[dict]) -> dict[str, list[dict]]:
    """Runs of each experiment, in the order of the files."""
    several = len(protocols(runs)) > 1
    lines: dict[str, list[dict]] = {}
    for run in runs:
        name = f"{run['experiment']} ({run['protocol']['name']})" if several else run["experiment"]
        lines.setdefault(name, []).append(run)
    return lines


def protocols(runs: list[dict]) -> list[str]:
    """Names of all protocols."""
    return sorted({run["protocol"]["name"] for run in runs})


def draw_line(axes: Axes, runs: list[dict], colour: object) -> None:
    """Draw the mean curve of all seeds and the band between them."""
    length = min(len(run["single_query"]["cmc"]) for run in runs)
    curves = np.array([run["single_query"]["cmc"][:length] for run in runs])
    ranks = np.arange(1, length + 1)
    axes.plot(ranks, curves.mean(axis=0), color=colour)
    if len(runs) > 1:
        axes.fill_between(ranks, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.2, linewidth=0)


def mean_ap(runs: list[dict]) -> str:
    """Mean over the seeds, and their range; the single-gallery-shot protocol has no mAP."""
    if any(run["single_query"]["mAP"] is None for run in runs):
        return "no mAP"
    values = [100 * run["single_query"]["mAP"] for run in runs]
    spread = f" ({min(values):.1f} to {max(values):.1f}, {len(runs)} seeds)" if len(runs) > 1 else ""
    return f"mAP {np.mean(values):.1f} %{spread}"


def label_axes(axes: Axes) -> None:
    """Ranks on a logarithmic axis, as most of a curve happens in its first ranks; shares from 0 to 100 %."""
    axes.set_xscale("log")
    axes.set_xlim(1, RANKS[-1])
    axes.set_xlabel("rank k")
    axes.xaxis.set_major_locator(FixedLocator(RANKS))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 1.01)
    axes.set_ylabel("queries with a right image in the first k")
    percent(axes.yaxis)
