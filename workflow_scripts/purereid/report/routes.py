"""Ways of arrows from box to box, along the channels between columns and between lanes."""

from collections import defaultdict
from itertools import chain, product
from typing import NamedTuple

import networkx

from purereid.report.lane_layout import GAP, GUTTER, LaneLayout, Point
from purereid.report.lanes import road
from purereid.report.workflow_graph import Arrow, Cell

HEADS = 12  # left free before a column for heads of arrows
BACK = 5  # from the middle of a cell up to where arrows back begin, and down to where they end


class Channel(NamedTuple):
    """Where arrows run beside each other: upright before a column, or level above a lane."""

    upright: bool
    number: int


class Joint(NamedTuple):
    """A cell at which several arrows begin (end 0) or end (1); they run together."""

    end: int
    cell: Cell


def routes(layout: LaneLayout) -> dict[Arrow, list[Point]]:
    """Corners of each arrow, from the right edge of one box to the left edge of another, past all others."""
    turning = road(layout.graph)
    ways = {arrow: channels(arrow, layout, turning) for arrow in layout.graph.arrows}
    tracks = tracks_of(ways, layout)
    return {arrow: corners(arrow, ways[arrow], tracks, layout) for arrow in ways}


def channels(arrow: Arrow, layout: LaneLayout, turning: set[str]) -> list[Channel]:
    """Channels that an arrow runs through; in its lane it turns before boxes of some rules, else behind its source."""
    start, end = (layout.places[cell.rule] for cell in arrow)
    first, last = Channel(True, start.column + 1), Channel(True, end.column)
    if start.lane == end.lane and start.column < end.column:
        straight = layout.middle(arrow.source)[1] == layout.middle(arrow.target)[1]
        return [] if straight else [last if arrow.target.rule in turning else first]
    between = Channel(False, end.lane if start.lane < end.lane else end.lane + 1)
    return [first] if first == last else [first, between, last]


def corners(arrow: Arrow, way: list[Channel], tracks: dict[Channel, list[Joint]], layout: LaneLayout) -> list[Point]:
    """Corners of one arrow."""
    (x, y), (end, last) = (layout.middle(cell) for cell in arrow)
    shift = BACK if layout.graph.back.has_edge(*arrow) else 0
    points = [(x + layout.box_width, y - shift)]
    for channel in way:
        (x, y), joints = points[-1], tracks[channel]
        share = (joints.index(joint_of(arrow, layout)) + 1) / (len(joints) + 1)
        if channel.upright:
            points.append((layout.left(channel.number) - GAP + (GAP - HEADS) * share, y))
        else:
            points.append((x, layout.lanes[channel.number - 1][1] + GUTTER * share))
    return [*points, (points[-1][0], last + shift), (end, last + shift)]


def tracks_of(ways: dict[Arrow, list[Channel]], layout: LaneLayout) -> dict[Channel, list[Joint]]:
    """Joints in each channel from left to right, or downwards.

    What leaves a box runs to the left of what reaches one at the same height, lest they seem to be one arrow.
    """
    order: dict[Channel, networkx.DiGraph] = defaultdict(networkx.DiGraph)
    ends: dict[tuple[Channel, float], tuple[list[Joint], list[Joint]]] = defaultdict(lambda: ([], []))
    for arrow, way in ways.items():
        joint = joint_of(arrow, layout)
        for channel in way:
            order[channel].add_node(joint)
        for end, channel in enumerate((way[0], way[-1]) if way else ()):
            ends[channel, layout.middle(arrow[end])[1]][end].append(joint)
    for (channel, _), (leaving, reaching) in ends.items():
        order[channel].add_edges_from((one, other) for one, other in product(leaving, reaching) if one != other)
    return {channel: sort(graph) for channel, graph in order.items()}


def sort(graph: networkx.DiGraph) -> list[Joint]:
    """Nodes in an order in which as many as possible stand before those that they have edges to."""
    parts = networkx.condensation(graph)
    return list(chain.from_iterable(sorted(parts.nodes[part]["members"]) for part in networkx.topological_sort(parts)))


def joint_of(arrow: Arrow, layout: LaneLayout) -> Joint:
    """That end of an arrow at which more arrows meet."""
    meeting = [sum(other[end] == arrow[end] for other in layout.graph.arrows) for end in (0, 1)]
    end = int(meeting[1] > meeting[0])
    return Joint(end, arrow[end])
