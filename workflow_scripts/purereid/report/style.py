"""One look for all pictures of the report, and one way to save them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from purereid.data.atomic import whole_file
from purereid.errors import UserError

# Okabe and Ito, "Color Universal Design" (2008): told apart by people with any common colour blindness.
BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
MARKS = "osD^vP"  # of points, as matplotlib calls them
RED = "#CC3311"  # for what is wrong; always beside a sign, as green and red look alike to some
INK, GREY, PALE, PAPER = "#222222", "#6B6B6B", "#DDDDDD", "#FFFFFF"
WIDTH = 8.0  # inches, of every plot that has axes

LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that all machines draw the same letters
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # names from data and config may contain "$"
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.5,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 150,
    "figure.facecolor": PAPER,
    "svg.hashsalt": "purereid",  # otherwise ids inside an SVG differ from run to run
}


@contextmanager
def new_plot(path: Path, height: float, width: float = WIDTH) -> Iterator[Figure]:
    """Give an empty figure in the common look; save it to ``path`` when the block ends.

    Args:
        path: ends in .png or .svg.
        height, width: of the figure, in inches.

    Raises:
        UserError: another suffix.
    """
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        save_figure(figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, by the suffix of ``path``; the same figure gives the same bytes."""
    suffix = Path(path).suffix.lower()
    metadata = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
    if suffix not in metadata:
        raise UserError(f"a plot cannot be saved as {suffix!r}", where=path, expected="a name in .png or .svg")
    with whole_file(Path(path)) as unfinished:
        figure.savefig(unfinished, format=suffix[1:], metadata=metadata[suffix])


def colours(count: int) -> list:
    """One colour per line: the palette, or evenly spaced shades where it is too short."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [matplotlib.colormaps["viridis"](place / count) for place in range(count)]


def marks(count: int) -> list[tuple[str, str]]:
    """Colour and mark of each of many kinds of points; from the 37th on they come again."""
    kinds = len(PALETTE)
    return [(PALETTE[n % kinds], MARKS[(n + n // kinds) % kinds]) for n in range(count)]


def percent(axis: Axis) -> None:
    """Write the shares on an axis as 0 % to 100 %."""
    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))


def note(axes: Axes, text: str) -> None:
    """Write a remark into the middle of empty axes."""
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)
