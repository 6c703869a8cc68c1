"""A workflow's picture in points from its upper left corner: boxes in lanes, and the ways of the arrows."""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from purereid.report.lanes import lanes, places
from purereid.report.pictures import letters
from purereid.report.workflow_graph import Arrow, Cell, WorkflowGraph

FONT, SMALL = 10, 9
HEADING, LINE, SIDES = 22, 16, 14  # of a box: the name of the rule, a cell with a label, air beside both
GAP, GUTTER, HEADS = 34, 20, 12  # between columns and between lanes, where arrows run; room for their heads
TITLE, BETWEEN, MARGIN = 24, 10, 10  # of a lane: above, between and below its rows
LISTED = 14  # from one name to the next
BACK = 5  # from the middle of a cell down to where arrows back begin and end

Point = tuple[float, float]


class Channel(NamedTuple):
    """Where arrows run beside each other: upright before a column, or level above a lane."""

    upright: bool
    number: int


class LaneLayout:
    """Sizes and places of all that is drawn.

    Attributes:
        graph: what is drawn.
        stages: of the lanes, from top to bottom.
        box_width: of all boxes.
        right: where the lanes end.
    """

    def __init__(self, graph: WorkflowGraph):
        self.graph = graph
        self.stages = lanes(graph)
        self._places = places(graph)
        names = [letters(FONT).getlength(rule) for rule in graph.boxes]
        labels = [letters(SMALL).getlength(self.text(cell)) for cells in graph.boxes.values() for cell in cells]
        self.box_width = max(names + labels) + SIDES
        self.right = self.left(1 + max(place.column for place in self._places.values()))

    def text(self, cell: Cell) -> str:
        """What is written into a cell."""
        number = len(self.graph.jobs[cell])
        return f"{cell.label} × {number}" if cell.label and number > 1 else cell.label

    def left(self, column: int) -> float:
        """Left edge of a column."""
        return GAP + column * (self.box_width + GAP)

    @cached_property
    def lanes(self) -> list[tuple[float, float]]:
        """Upper and lower edge of each lane."""
        edges, top = [], 0.0
        for lane, stage in enumerate(self.stages):
            rows = sum(self._rows[lane]) + BETWEEN * (len(self._rows[lane]) - 1)
            names = LISTED * list(self.graph.named.values()).count(stage)
            edges.append((top, top + TITLE + max(rows, names) + MARGIN))
            top = edges[-1][1] + GUTTER
        return edges

    @cached_property
    def _rows(self) -> list[list[float]]:
        """Heights of the rows of each lane."""
        heights: list[dict[int, float]] = [defaultdict(float) for _ in self.stages]
        for rule, (lane, _, row) in self._places.items():
            heights[lane][row] = max(heights[lane][row], self.height(rule))
        return [[rows[row] for row in sorted(rows)] for rows in heights]

    def height(self, rule: str) -> float:
        """Height of a box."""
        return HEADING + LINE * sum(cell.label != "" for cell in self.graph.boxes[rule])

    def corner(self, rule: str) -> Point:
        """Upper left corner of a box."""
        lane, column, row = self._places[rule]
        above = self._rows[lane][:row]
        return self.left(column), self.lanes[lane][0] + TITLE + sum(above) + BETWEEN * len(above)

    def middle(self, cell: Cell) -> Point:
        """Where arrows reach a cell, on the left edge of its box."""
        left, top = self.corner(cell.rule)
        place = self.graph.boxes[cell.rule].index(cell)
        return left, top + (HEADING + LINE * (place + 0.5) - 2 if cell.label else HEADING / 2)

    def route(self, arrow: Arrow) -> list[Point]:
        """Corners of an arrow, from the right edge of one box to the left edge of another, past all others."""
        (x, y), end = (self.middle(cell) for cell in arrow)
        shift = BACK if self.graph.back.has_edge(*arrow) else 0
        points = [(x + self.box_width, y + shift)]
        for channel in self._channels(arrow):
            (x, y), track = points[-1], self._track(channel, arrow)
            points.append((track, y) if channel.upright else (x, track))
        return [*points, (points[-1][0], end[1] + shift), (end[0], end[1] + shift)]

    def _channels(self, arrow: Arrow) -> list[Channel]:
        """Channels that an arrow runs through."""
        start, end = (self._places[cell.rule] for cell in arrow)
        first, last = Channel(True, start.column + 1), Channel(True, end.column)
        onward = start.lane == end.lane and start.column < end.column
        if onward and self.middle(arrow.source)[1] == self.middle(arrow.target)[1]:
            return []
        if onward or first == last:
            return [first]
        return [first, Channel(False, end.lane if start.lane < end.lane else end.lane + 1), last]

    def _track(self, channel: Channel, arrow: Arrow) -> float:
        """Where in a channel an arrow runs; it shares its track with those that begin or end where it does."""
        tracks = self._tracks[channel]
        share = (tracks.index(self._joint(arrow)) + 1) / (len(tracks) + 1)
        if channel.upright:
            return self.left(channel.number) - GAP + (GAP - HEADS) * share
        return self.lanes[channel.number - 1][1] + GUTTER * share

    @cached_property
    def _tracks(self) -> dict[Channel, list[Cell]]:
        found: dict[Channel, dict[Cell, None]] = defaultdict(dict)
        for arrow in self.graph.arrows:
            for channel in self._channels(arrow):
                found[channel][self._joint(arrow)] = None
        return {channel: list(joints) for channel, joints in found.items()}

    def _joint(self, arrow: Arrow) -> Cell:
        """That end of an arrow at which more arrows meet."""
        leaving = sum(other.source == arrow.source for other in self.graph.arrows)
        coming = sum(other.target == arrow.target for other in self.graph.arrows)
        return arrow.source if leaving >= coming else arrow.target
