"""Lanes, columns and rows of a workflow's boxes: a lane for each stage, read from left to right."""

from collections.abc import Set
from itertools import chain, count
from typing import NamedTuple

import networkx

from purereid.report.workflow_graph import WorkflowGraph


class Place(NamedTuple):
    """Where a box stands; rows are counted within the lane."""

    lane: int
    column: int
    row: int


def lanes(graph: WorkflowGraph) -> list[str]:
    """Stages from top to bottom."""
    return list(dict.fromkeys(graph.stages[rule] for rule in graph.boxes))


def road(graph: WorkflowGraph) -> set[str]:
    """Rules at the main road. An arrow keeps to its own row until it turns to one of them; others turn at once."""
    return {cell.rule for arrow in graph.main_road for cell in arrow}


def places(graph: WorkflowGraph) -> dict[str, Place]:
    """Find a place for each rule's box, so that arrows pass no other one on its row.

    The column is the length of the longest way to the rule within its lane; dead ends stand in the last one. The rows
    of the main road are the uppermost.
    """
    arrows = {(a.rule, b.rule): None for a, b in graph.arrows if graph.ahead.has_edge(a, b)}
    found = {}
    for lane, stage in enumerate(lanes(graph)):
        inside = networkx.DiGraph()
        inside.add_nodes_from(rule for rule in graph.boxes if graph.stages[rule] == stage)
        inside.add_edges_from((a, b) for a, b in arrows if a in inside and b in inside)
        columns = _columns(inside, dead_ends=set(inside) - {a for a, _ in arrows})
        rows = _rows(inside, columns, road(graph))
        found |= {rule: Place(lane, columns[rule], rows[rule]) for rule in inside}
    return found


def _columns(inside: networkx.DiGraph, dead_ends: Set[str]) -> dict[str, int]:
    levels = list(networkx.topological_generations(inside))
    columns = {rule: number for number, level in enumerate(levels) for rule in level}
    return columns | dict.fromkeys(dead_ends, len(levels) - 1)


def _rows(inside: networkx.DiGraph, columns: dict[str, int], road: Set[str]) -> dict[str, int]:
    """Give each rule the first row, or better that of a source, on which its box and its arrows find room."""
    rows: dict[str, int] = {}
    taken = set()
    for rule in sorted(inside, key=lambda rule: (rule not in road, columns[rule])):
        sources = list(inside.predecessors(rule))
        came = [] if rule in road else [columns[source] + 1 for source in sources]
        goes = [columns[target] - 1 for target in inside[rule] if target in road]
        filled = range(min([columns[rule], *came]), max([columns[rule], *goes]) + 1)
        wanted = chain((rows[source] for source in sources if source in rows), count())
        rows[rule] = next(row for row in wanted if taken.isdisjoint((row, column) for column in filled))
        taken |= {(rows[rule], column) for column in filled}
    return rows
