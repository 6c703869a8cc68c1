"""Curves of one or several training runs."""

from itertools import cycle
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from purereid.errors import UserError
from purereid.report.style import GREY, colours, new_plot, note, percent

COLUMNS = ["step", "epoch", "loss", "accuracy", "learning_rate", "images_per_second", "waiting"]
LINES = ["-", "--", ":", "-."]


def plot_curves(*, curves: list[Path], labels: list[str], plot: Path) -> None:
    """Plot loss parts, accuracy, learning rate and speed over the steps of training.

    With one run each part of the loss has its colour; with several runs each run has its colour and each part its
    kind of line. A run without steps (an untrained network) is only named.

    Args:
        curves: one curves.csv per run; each column between loss and accuracy is a part of the loss.
        labels: name of each run.
        plot: PNG or SVG to write.

    Raises:
        UserError: a file that is missing or no curves.csv.
    """
    runs = dict(zip(labels, map(read_curves, curves), strict=True))
    with new_plot(plot, 5.4) as figure:
        loss, accuracy, rate, speed, waiting = panels(figure)
        draw_losses(loss, runs)
        draw_runs(accuracy, runs, "accuracy")
        draw_runs(rate, runs, "learning_rate")
        draw_runs(speed, runs, "images_per_second")
        draw_runs(waiting, runs, "waiting")
        for axes in (accuracy, waiting):
            axes.set_ylim(0, 1)
            percent(axes.yaxis)
        for axes in (rate, speed):
            axes.set_ylim(bottom=0)
        if len(runs) > 1:
            name_runs(figure, runs)


def read_curves(path: Path) -> pd.DataFrame:
    """Read one curves.csv; a file of only a header is a run without steps."""
    try:
        table = pd.read_csv(path)
    except (FileNotFoundError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"curves cannot be read: {error}", where=path, expected="the curves.csv of a trainer") from None
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise UserError(f"no column {', '.join(missing)}", where=path, expected=f"columns {', '.join(COLUMNS)}")
    return table


def panels(figure: Figure) -> list[Axes]:
    """Two large panels over three small ones, all over the steps."""
    grid = figure.add_gridspec(2, 6, height_ratios=[2, 1])
    places = [grid[0, :3], grid[0, 3:], grid[1, :2], grid[1, 2:4], grid[1, 4:]]
    titles = ["Loss", "Accuracy on the training batches", "Learning rate", "Images per second", "Time waiting for data"]
    axes = [figure.add_subplot(place) for place in places]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
        ax.set_xlabel("step")
    return axes


def draw_losses(axes: Axes, runs: dict[str, pd.DataFrame]) -> None:
    """Draw the sum and the parts of the loss of every run."""
    names = loss_names(runs)
    several = len(runs) > 1
    for table, run_colour in zip(runs.values(), colours(len(runs)), strict=True):
        for column, colour, line in zip(names, colours(len(names)), cycle(LINES)):
            if column in table:
                look = {"color": run_colour, "linestyle": line} if several else {"color": colour}
                axes.plot(table["step"], table[column], marker=dot(table), markersize=3, **look)
    looks = zip(names, colours(len(names)), cycle(LINES))
    keys = [Line2D([], [], color=GREY, linestyle=line) if several else Line2D([], [], color=c) for _, c, line in looks]
    if has_steps(axes, runs):
        axes.legend(keys, names.values())
        axes.set_ylim(bottom=0)


def loss_names(runs: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Columns of losses and their names: the sum and its parts, or the only part there is."""
    parts = sorted({part for table in runs.values() for part in table if part not in COLUMNS})
    names = {part: part.replace("_", " ") for part in parts}
    return {"loss": "sum"} | names if len(parts) > 1 else {"loss": " ".join(names.values())}


def draw_runs(axes: Axes, runs: dict[str, pd.DataFrame], column: str) -> None:
    """Draw one column of every run."""
    for table, colour in zip(runs.values(), colours(len(runs)), strict=True):
        axes.plot(table["step"], table[column], color=colour, marker=dot(table), markersize=3)
    has_steps(axes, runs)


def has_steps(axes: Axes, runs: dict[str, pd.DataFrame]) -> bool:
    """Whether there is a step to show; otherwise the axes say so."""
    found = any(len(table) for table in runs.values())
    if not found:
        note(axes, "no steps")
    return found


def dot(table: pd.DataFrame) -> str:
    """Mark the points of a run that is too short for a line."""
    return "o" if len(table) == 1 else ""


def name_runs(figure: Figure, runs: dict[str, pd.DataFrame]) -> None:
    """Name the runs below the panels."""
    keys = [Line2D([], [], color=colour) for colour in colours(len(runs))]
    names = [name if len(table) else f"{name} (no steps)" for name, table in runs.items()]
    figure.legend(keys, names, loc="outside lower center", ncols=min(4, len(names)))
