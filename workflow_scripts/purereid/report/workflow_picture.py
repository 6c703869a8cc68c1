"""Draw a workflow: boxes in lanes, arrows between them, and the names of what only the report needs."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path as Curve

from purereid.report.lane_layout import FONT, HEADING, LINE, LISTED, SMALL, TITLE, LaneLayout, Point
from purereid.report.pictures import letters
from purereid.report.routes import routes
from purereid.report.style import BLUE, GREY, PAPER, new_plot
from purereid.report.workflow_graph import REPORT, Arrow, Cell, WorkflowGraph

TITLES = {"dataset": "data", "reid": "reID"}  # of lanes; the others have the names of their files
LANE, NAMES = "#F1F4F8", "#FAF5EA"
INSET, LEGEND, LEAST = 12, 30, 580  # air before names; height of the legend; width that it needs
ROUND = 6  # radius of corners
THIN, THICK = 1.0, 3.0  # arrows
INCH = 72


def draw_workflow(
    graph: WorkflowGraph,
    plot: Path,
    *,
    fills: dict[Cell, str],
    legend: Sequence[Artist],
    road: Sequence[Arrow] = (),
    remarks: Sequence[str] = (),
) -> None:
    """Draw boxes in lanes, arrows between them and, beside the lanes, the names of what has no box.

    Args:
        graph: what to draw.
        plot: PNG or SVG to write.
        fills: colours of cells; the others stay white.
        legend: what one line explains.
        road: arrows that are thick.
        remarks: lines below the legend.
    """
    layout = LaneLayout(graph)
    bottom = layout.lanes[-1][1]
    right = layout.right + max((room(name(cell, layout)) for cell in graph.named), default=0)
    width = max([LEAST, right, *map(room, remarks)])
    height = bottom + LEGEND + LISTED * len(remarks)
    with new_plot(plot, height=height / INCH, width=width / INCH) as figure:
        axes = figure.add_subplot(position=(0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        draw_lanes(axes, layout)
        if graph.named:
            draw_names(axes, layout, right, fills)
        for arrow, points in sorted(routes(layout).items(), key=lambda route: route[0] in road):
            draw_arrow(axes, points, thick=arrow in road, back=graph.back.has_edge(*arrow))
        for rule in graph.boxes:
            draw_box(axes, layout, rule, fills)
        place = {"loc": "upper left", "bbox_to_anchor": (0, bottom + 2), "bbox_transform": axes.transData}
        axes.legend(handles=legend, ncols=len(legend), fontsize=SMALL, **place)
        for number, text in enumerate(remarks):
            write(axes, (INSET, bottom + LEGEND + LISTED * (number + 0.3)), text, SMALL)


def draw_lanes(axes: Axes, layout: LaneLayout) -> None:
    """Draw the lanes and their titles."""
    for stage, (top, bottom) in zip(layout.stages, layout.lanes, strict=True):
        draw_round(axes, (0, top), (layout.right - ROUND, bottom - top), LANE)
        write(axes, (layout.left(0), top + TITLE / 2), TITLES.get(stage, stage), FONT + 1, fontweight="bold")


def draw_names(axes: Axes, layout: LaneLayout, right: float, fills: dict[Cell, str]) -> None:
    """Draw the names beside the lanes, and arrows to them from boxes that nothing else uses."""
    left, names = layout.right + INSET, layout.graph.named.items()
    draw_round(axes, (layout.right, 0), (right - layout.right, layout.lanes[-1][1]), NAMES)
    write(axes, (left, TITLE / 2), REPORT, FONT + 1, fontweight="bold")
    for stage, (top, _) in zip(layout.stages, layout.lanes, strict=True):
        for number, cell in enumerate(cell for cell, beside in names if beside == stage):
            y = top + TITLE + LISTED * (number + 0.5)
            draw_round(axes, (left - ROUND, y - LISTED / 2), (right - left, LISTED - 1), fills.get(cell, NAMES))
            write(axes, (left, y), name(cell, layout), SMALL)
    sources = {arrow.source.rule for arrow in layout.graph.arrows}
    for cell in (cell for rule, cells in layout.graph.boxes.items() if rule not in sources for cell in cells):
        x, y = layout.middle(cell)
        draw_arrow(axes, [(x + layout.box_width, y), (layout.right, y)])


def name(cell: Cell, layout: LaneLayout) -> str:
    """What is written where there is no box."""
    return f"{cell.rule} {layout.text(cell)}".rstrip()


def room(text: str) -> float:
    """Width of a line of text and the air around it."""
    return letters(SMALL).getlength(text) + 2 * INSET


def draw_box(axes: Axes, layout: LaneLayout, rule: str, fills: dict[Cell, str]) -> None:
    """Draw the box of a rule and its cells."""
    (x, y), width = layout.corner(rule), layout.box_width
    draw_round(axes, (x, y), (width, layout.height(rule)), fills.get(Cell(rule, ""), PAPER), GREY)
    write(axes, (x + width / 2, y + HEADING / 2), rule, FONT, ha="center")
    for cell in layout.graph.boxes[rule]:
        y = layout.middle(cell)[1]
        if cell.label:
            draw_round(axes, (x + 3, y - LINE / 2 + 0.5), (width - 6, LINE - 1), fills.get(cell, PAPER))
            write(axes, (x + width / 2, y), layout.text(cell), SMALL, ha="center")


def draw_round(axes: Axes, corner: Point, size: Point, fill: str, edge: str = "none") -> None:
    """Draw a rectangle with round corners."""
    (x, y), (width, height) = corner, size
    inner = (x + ROUND, y + ROUND), width - 2 * ROUND, height - 2 * ROUND
    axes.add_patch(FancyBboxPatch(*inner, boxstyle=f"round,pad={ROUND}", facecolor=fill, edgecolor=edge, linewidth=0.8))


def draw_arrow(axes: Axes, points: Sequence[Point], thick: bool = False, back: bool = False) -> None:
    """Draw an arrow that ends to the right; one that leads back is a broken line."""
    width, colour = (THICK, BLUE) if thick else (THIN, GREY)
    (x, y), head = points[-1], 4 + 2 * width
    line = rounded([*points[:-1], (x - head, y)])
    style = "--" if back else "-"
    axes.add_patch(PathPatch(line, fill=False, edgecolor=colour, linewidth=width, linestyle=style, capstyle="butt"))
    tip = [(x - head, y - head / 2), (x, y), (x - head, y + head / 2)]
    axes.add_patch(Polygon(tip, facecolor=colour, linewidth=0))


def rounded(points: Sequence[Point]) -> Curve:
    """The line through some points, with round corners."""
    curve, codes = [points[0]], [Curve.MOVETO]
    for (before, corner), (_, after) in pairwise(pairwise(points)):
        curve += [toward(corner, before), corner, toward(corner, after)]
        codes += [Curve.LINETO, Curve.CURVE3, Curve.CURVE3]
    return Curve([*curve, points[-1]], [*codes, Curve.LINETO])


def toward(start: Point, end: Point) -> Point:
    """A point on the level or upright line between two, as far from the first as a round corner reaches."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    share = min(ROUND / length, 0.5) if length else 0.0
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def write(axes: Axes, place: Point, text: str, size: float, **look: object) -> None:
    """Write a line of text."""
    axes.text(*place, text, fontsize=size, va="center_baseline", **look)
