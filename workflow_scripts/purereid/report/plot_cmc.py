"""Cumulative matching characteristics of all experiments."""

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from purereid.errors import UserError
from purereid.report.style import colours, new_plot

RANKS = [1, 2, 5, 10, 20, 50]


def plot_cmc(*, scores: list[Path], plot: Path) -> None:
    """Plot the share of queries with a right gallery image among the first k, for every experiment.

    One panel per data set; one line per experiment, the mean over its seeds, in a band from the lowest to the highest
    seed. The legend gives the mAP (not trapezoid) of the plain ranking.

    Args:
        scores: scores.json files.
        plot: PNG or SVG to write.

    Raises:
        UserError: no files, a file that is missing or no scores.json, or two protocols for one data set.
    """
    if not scores:
        raise UserError("no scores to plot", where=plot, expected="at least one scores.json")
    runs = [read_scores(path) for path in scores]
    datasets = sorted({run["dataset"] for run in runs})
    with new_plot(plot, 4.2) as figure:
        for axes, dataset in zip(figure.subplots(1, len(datasets), squeeze=False)[0], datasets, strict=True):
            draw_dataset(axes, dataset, [run for run in runs if run["dataset"] == dataset])


def read_scores(path: Path) -> dict:
    """Read one scores.json and check that it holds what is plotted."""
    try:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        run["dataset"], run["experiment"], run["protocol"]["name"]
        run["single_query"]["mAP"], run["single_query"]["cmc"][0]
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError) as error:
        raise UserError(
            f"scores cannot be read: {error!r}", where=path, expected="the scores.json of the rule evaluate"
        ) from None
    return run


def draw_dataset(axes: Axes, dataset: str, runs: list[dict]) -> None:
    """Draw all experiments on one data set."""
    protocols = sorted({run["protocol"]["name"] for run in runs})
    if len(protocols) > 1:
        raise UserError(
            f"scores of {len(protocols)} protocols in one plot: {', '.join(protocols)}",
            where=dataset,
            expected="one protocol per data set, or the curves mean nothing beside each other",
        )
    experiments = list(dict.fromkeys(run["experiment"] for run in runs))
    names = []
    for experiment, colour in zip(experiments, colours(len(experiments)), strict=True):
        names.append(draw_experiment(axes, [run for run in runs if run["experiment"] == experiment], colour))
    axes.legend(axes.get_lines(), names, loc="lower right")
    axes.set_title(f"{dataset} (protocol {protocols[0]})")
    axes.set_xlabel("rank k")
    axes.set_ylabel("queries with a right image in the first k")
    scale(axes)


def draw_experiment(axes: Axes, runs: list[dict], colour) -> str:
    """Draw the mean curve of all seeds and the band between them; return the text of the legend."""
    length = min(len(run["single_query"]["cmc"]) for run in runs)
    curves = np.array([run["single_query"]["cmc"][:length] for run in runs])
    ranks = np.arange(1, length + 1)
    axes.plot(ranks, curves.mean(axis=0), color=colour)
    if len(runs) > 1:
        axes.fill_between(ranks, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    mean_ap = [100 * run["single_query"]["mAP"] for run in runs]
    spread = f" ({min(mean_ap):.1f} to {max(mean_ap):.1f}, {len(runs)} seeds)" if len(runs) > 1 else ""
    return f"{runs[0]['experiment']}: mAP {np.mean(mean_ap):.1f} %{spread}"


def scale(axes: Axes) -> None:
    """Ranks on a logarithmic axis, as most of a curve happens in its first ranks; shares from 0 to 100 %."""
    axes.set_xscale("log")
    axes.set_xlim(1, RANKS[-1])
    axes.xaxis.set_major_locator(FixedLocator(RANKS))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, 1.01)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
