"""Curves of one or several training runs, of models, of networks that purify, or of generators."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from purereid.errors import UserError
from purereid.report.style import GREY, colours, new_plot, note, percent
from purereid.training.columns import HELD_OUT, SPEED

PERFORMANCE = ["learning_rate", *SPEED]
COLUMNS = ["step", "epoch", *PERFORMANCE]
SHARES = {"precision": "precision", "recall": "recall", "accuracy": "accuracy", "right": "right links"}  # 0 to 1
SCORES = SHARES | {"correlation": "correlation"}  # -1 to 1
LINES = ["-", "--", ":", "-."]
WIDEST = 4  # panels of losses side by side
TITLES = {
    "loss": "Loss",
    "accuracy": "Accuracy on the training batches",
    "scores": "Training batches",
    "held_out_scores": "Held-out identities",
    "learning_rate": "Learning rate",
    "images_per_second": "Images per second",
    "waiting": "Time waiting for data",
}


def plot_curves(*, curves: list[Path], labels: list[str], plot: Path) -> None:
    """Plot losses, scores, learning rate and speed over the steps of training.

    A model (with a column of a score, or one of held-out identities) has one panel for its loss and the parts of it,
    one for its scores and one for those of held-out identities. With one run each part has its colour; with several
    runs each run has its colour and each part its kind of line. The losses of a generator's networks work against each
    other and differ in scale: each has a panel of its own, and those that are off are only named. A run without steps
    (an untrained network) is only named too.

    Args:
        curves: one curves.csv per run; each further column is one of ``SCORES`` or else a loss, and of held-out
            identities if its name begins with held_out_.
        labels: name of each run.
        plot: PNG or SVG to write.

    Raises:
        UserError: a file that is missing or no curves.csv.
    """
    runs = dict(zip(labels, map(read_curves, curves), strict=True))
    if any(is_score(name) or name.startswith(HELD_OUT) for table in runs.values() for name in table):
        draw_model(runs, plot)
    else:
        draw_generator(runs, plot)


def read_curves(path: Path) -> pd.DataFrame:
    """Read one curves.csv; a file of only a header is a run without steps."""
    try:
        table = pd.read_csv(path)
    except (FileNotFoundError, pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"curves cannot be read: {error}", where=path, expected="the curves.csv of a trainer") from None
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise UserError(f"no column {', '.join(missing)}", where=path, expected=f"columns {', '.join(COLUMNS)}")
    if not loss_columns(table):
        raise UserError("no column of a loss", where=path, expected=f"one beside {', '.join(COLUMNS)}")
    bad = [name for name in table if len(table) and not pd.api.types.is_numeric_dtype(table[name])]
    bad += [name for name in table if table[name].isna().any() and name not in bad]
    if bad:
        raise UserError(f"no number in each row of {', '.join(bad)}", where=path, expected="a whole curves.csv")
    return table


def draw_model(runs: dict[str, pd.DataFrame], plot: Path) -> None:
    """Draw large panels, of the loss and of the scores, over three small ones."""
    scores = score_panels(runs)
    with new_plot(plot, 5.4) as figure:
        axes = panels(figure, [["loss", *scores], PERFORMANCE], [2, 1])
        draw_losses(axes["loss"], runs)
        for panel, names in scores.items():
            draw_scores(axes[panel], runs, names)
        draw_performance(axes, runs)
        name_runs(figure, runs)


def draw_generator(runs: dict[str, pd.DataFrame], plot: Path) -> None:
    """Draw one small panel per loss over the three of the performance."""
    shown, off = split_losses(runs)
    above = np.array_split(shown, -(-len(shown) // WIDEST))
    with new_plot(plot, 1.9 * (len(above) + 1)) as figure:
        axes = panels(figure, [*map(list, above), PERFORMANCE], [1] * (len(above) + 1))
        for name in shown:
            draw_runs(axes[name], runs, name)
        draw_performance(axes, runs)
        if off:
            figure.supxlabel(f"0 at every step: {', '.join(off)}", fontsize="medium", color=GREY)
        figure.suptitle(", ".join(runs), fontsize="medium")


def split_losses(runs: dict[str, pd.DataFrame]) -> tuple[list[str], list[str]]:
    """Losses of generators, and those that are 0 at every step; without steps nothing is known to be off."""
    names = list(dict.fromkeys(name for table in runs.values() for name in loss_columns(table)))
    on = [name for name in names if any(name in table and table[name].any() for table in runs.values())]
    return (on, [name for name in names if name not in on]) if on else (names, [])


def loss_columns(table: pd.DataFrame) -> list[str]:
    """Columns of losses, in the order of the file."""
    return [name for name in table if name not in COLUMNS and not is_score(name)]


def is_score(name: str) -> bool:
    """Whether a column holds a score and no loss."""
    return name.removeprefix(HELD_OUT) in SCORES


def score_panels(runs: dict[str, pd.DataFrame]) -> dict[str, dict[str, str]]:
    """Panels of scores, each with its columns and their names; accuracy alone is named by its panel."""
    found = {}
    for panel, prefix in (("scores", ""), ("held_out_scores", HELD_OUT)):
        columns = {prefix + name: words for name, words in SCORES.items()}
        found[panel] = {name: columns[name] for name in columns if any(name in table for table in runs.values())}
    found = {panel: names for panel, names in found.items() if names}
    return {"accuracy": {"accuracy": ""}} if found == {"scores": {"accuracy": "accuracy"}} else found


def panels(figure: Figure, rows: list[list[str]], heights: list[float]) -> dict[str, Axes]:
    """Panels over the steps, one per column of the curves; each row is as wide as the figure."""
    strips = figure.subfigures(len(rows), 1, height_ratios=heights)
    axes = {}
    for strip, names in zip(strips, rows, strict=True):
        for name, ax in zip(names, strip.subplots(1, len(names), squeeze=False)[0], strict=True):
            ax.set_title(TITLES.get(name, name.replace("_", " ").capitalize()))
            ax.set_xlabel("step")
            ax.locator_params(axis="x", integer=True, nbins=6)
            axes[name] = ax
    return axes


def draw_losses(axes: Axes, runs: dict[str, pd.DataFrame]) -> None:
    """Draw the sum and the parts of the loss of every run."""
    draw_columns(axes, runs, loss_names(runs))
    if any(len(table) for table in runs.values()):
        axes.set_ylim(bottom=0)


def draw_scores(axes: Axes, runs: dict[str, pd.DataFrame], names: dict[str, str]) -> None:
    """Draw scores of every run, from 0 to 1, or from the lowest correlation if one is below 0."""
    draw_columns(axes, runs, names)
    axes.set_ylim(min(0, axes.dataLim.y0), 1)
    if all(name.removeprefix(HELD_OUT) in SHARES for name in names):
        percent(axes.yaxis)


def draw_columns(axes: Axes, runs: dict[str, pd.DataFrame], names: dict[str, str]) -> None:
    """Draw some columns of every run into one panel, and a legend of their names unless these are empty."""
    several = len(runs) > 1
    for table, run_colour in zip(runs.values(), colours(len(runs)), strict=True):
        for column, colour, line in zip(names, colours(len(names)), cycle(LINES)):
            if column in table:
                look = {"color": run_colour, "linestyle": line} if several else {"color": colour}
                axes.plot(table["step"], table[column], marker=dot(table), markersize=3, **look)
    looks = zip(names, colours(len(names)), cycle(LINES))
    keys = [Line2D([], [], color=GREY, linestyle=line) if several else Line2D([], [], color=c) for _, c, line in looks]
    if has_steps(axes, runs) and any(names.values()):
        axes.legend(keys, names.values())


def loss_names(runs: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Columns of losses and their names: the sum and its parts, or the only part there is; held-out ones last."""
    found = sorted({name for table in runs.values() for name in loss_columns(table)} - {"loss"})
    held_out = [name for name in found if name.startswith(HELD_OUT)]
    parts = [name for name in found if name not in held_out]
    names = {name: name.replace(HELD_OUT, "held-out ").replace("_", " ") for name in parts + held_out}
    if len(parts) > 1:
        return {"loss": "sum"} | names
    only = names.pop(parts[0]) if parts else "training loss" if held_out else ""
    return {"loss": only} | names


def draw_performance(axes: dict[str, Axes], runs: dict[str, pd.DataFrame]) -> None:
    """Draw learning rate, speed and waiting."""
    for name in PERFORMANCE:
        draw_runs(axes[name], runs, name)
        axes[name].set_ylim(bottom=0)
    axes["waiting"].set_ylim(0, 1)
    percent(axes["waiting"].yaxis)


def draw_runs(axes: Axes, runs: dict[str, pd.DataFrame], column: str) -> None:
    """Draw one column of every run that has it."""
    for table, colour in zip(runs.values(), colours(len(runs)), strict=True):
        if column in table:
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
    """Name several runs below the panels."""
    if len(runs) > 1:
        keys = [Line2D([], [], color=colour) for colour in colours(len(runs))]
        names = [name if len(table) else f"{name} (no steps)" for name, table in runs.items()]
        figure.legend(keys, names, loc="outside lower center", ncols=min(4, len(names)))
