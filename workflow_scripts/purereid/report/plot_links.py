"""How good predicted links are, beside links by cosine (rule ``plot_links``)."""

import json
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from purereid.errors import UserError
from purereid.purification.link_scores import THRESHOLD
from purereid.report.style import BLUE, GREY, INK, VERMILION, new_plot, note, percent


def plot_links(*, links: Path, plot: Path, name: str = "") -> None:
    """Plot the precision of links of held-out identities over their recall, as the demanded score falls.

    Average precision is the area under a curve, which therefore is drawn in steps. A dot marks the links that are made
    (probability above one half); a line marks the precision of linking all neighbours.

    Args:
        links: links.json of ``train_gcn``.
        plot: PNG or SVG to write; it says so if no identities were held out.
        name: of the network, for the title.

    Raises:
        UserError: the file is missing or no links.json.
    """
    scores = read_links(links)
    with new_plot(plot, 4.8) as figure:
        axes = figure.subplots()
        axes.set_title(f"{name}: links of held-out identities" if name else "Links of held-out identities")
        if scores["held_out"] is None:
            note(axes, "no identities were held out, so that links were not scored")
        else:
            draw_links(axes, **scores)
            figure.legend(loc="outside lower center", ncols=2)


def read_links(path: Path) -> dict[str, dict | None]:
    """Read what is plotted of a links.json: ``held_out`` and ``cosine``, both None if nothing was held out."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        scores = {"held_out": content["held_out"], "cosine": content["cosine"]}
        if scores["held_out"] is not None:
            check_scores(**scores)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"links cannot be read: {error!r}", where=path, expected="a links.json of train_gcn") from None
    return scores


def check_scores(held_out: dict, cosine: dict) -> None:
    """Refuse scores that cannot be drawn. Raises KeyError, TypeError or ValueError."""
    values = [held_out[name] for name in ("positives", "precision", "recall")]
    for method in (held_out, cosine):
        curve = np.array([method["curve"]["precision"], method["curve"]["recall"]], np.float64)
        if curve.ndim != 2 or not curve.size:
            raise ValueError("a curve without points")
        values += [method["average_precision"], *curve.flat]
    bad = [value for value in values if not 0 <= value <= 1]
    if bad:
        raise ValueError(f"{bad[0]} instead of a number from 0 to 1")


def draw_links(axes: Axes, held_out: dict, cosine: dict) -> None:
    """Draw both curves, the working point and the precision of linking all."""
    for method, words, colour in ((held_out, "GCN", BLUE), (cosine, "cosine", VERMILION)):
        precision, recall = method["curve"]["precision"], method["curve"]["recall"]
        label = f"{words}: average precision {share(method['average_precision'])}"
        axes.plot([0, *recall], [precision[0], *precision], color=colour, drawstyle="steps-pre", label=label)
    point, words = ([], []), "no right link"
    if held_out["recall"]:
        point = held_out["recall"], held_out["precision"]
        words = f"precision {share(held_out['precision'])}, recall {share(held_out['recall'])}"
    label = f"GCN, probability above {THRESHOLD}: {words}"
    axes.plot(*point, "o", color=BLUE, markeredgecolor=INK, label=label)
    label = f"linking all: precision {share(held_out['positives'])}"
    axes.axhline(held_out["positives"], color=GREY, linestyle="--", linewidth=1, label=label)
    axes.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel="recall: right links that are made")
    axes.set_ylabel("precision: made links that are right")
    percent(axes.xaxis)
    percent(axes.yaxis)


def share(value: float) -> str:
    """A share of 0..1 in percent."""
    return f"{100 * value:.1f} %"
