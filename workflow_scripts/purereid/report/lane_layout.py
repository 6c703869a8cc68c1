"""Boxes in lanes, in points from the upper left corner of the picture."""

from collections import defaultdict
from functools import cached_property

from purereid.report.lanes import lanes, places
from purereid.report.pictures import letters
from purereid.report.workflow_graph import Cell, WorkflowGraph

FONT, SMALL = 10, 9
HEADING, LINE, SIDES = 22, 16, 14  # of a box: the name of the rule, a cell with a label, air beside both
UP = 2  # cells with labels stand as much nearer to the name, so that there is air below them
GAP, GUTTER = 34, 20  # between columns and between lanes, where arrows run
TITLE, BETWEEN, MARGIN = 24, 10, 10  # of a lane: above, between and below its rows
LISTED = 14  # from one name to the next

Point = tuple[float, float]


class LaneLayout:
    """Sizes and places of all that is drawn.

    Attributes:
        graph: what is drawn.
        stages: of the lanes, from top to bottom.
        places: of each rule's box.
        box_width: of all boxes.
        right: where the lanes end.
    """

    def __init__(self, graph: WorkflowGraph):
        self.graph = graph
        self.stages = lanes(graph)
        self.places = places(graph)
        names = [letters(FONT).getlength(rule) for rule in graph.boxes]
        labels = [letters(SMALL).getlength(self.text(cell)) for cells in graph.boxes.values() for cell in cells]
        self.box_width = max(names + labels) + SIDES
        self.right = self.left(1 + max(place.column for place in self.places.values()))

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
        for rule, (lane, _, row) in self.places.items():
            heights[lane][row] = max(heights[lane][row], self.height(rule))
        return [[rows[row] for row in sorted(rows)] for rows in heights]

    def height(self, rule: str) -> float:
        """Height of a box."""
        return HEADING + LINE * sum(cell.label != "" for cell in self.graph.boxes[rule])

    def corner(self, rule: str) -> Point:
        """Upper left corner of a box."""
        lane, column, row = self.places[rule]
        above = self._rows[lane][:row]
        return self.left(column), self.lanes[lane][0] + TITLE + sum(above) + BETWEEN * len(above)

    def middle(self, cell: Cell) -> Point:
        """Where arrows reach a cell, on the left edge of its box."""
        left, top = self.corner(cell.rule)
        place = self.graph.boxes[cell.rule].index(cell)
        return left, top + (HEADING - UP + LINE * (place + 0.5) if cell.label else HEADING / 2)
