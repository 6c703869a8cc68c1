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


def places(graph: WorkflowGraph) -> dict[str, Place]:
    """Find a place for each rule's box.

    The column is the length of the longest way to the rule within its lane; dead ends stand in the last one. Rows are
    chosen so that an arrow that turns into its target's row at once meets no other box there; those of the main road
    are the uppermost.
    """
    rules = networkx.DiGraph()
    rules.add_nodes_from(graph.boxes)
    rules.add_edges_from((a.rule, b.rule) for a, b in graph.arrows if graph.ahead.has_edge(a, b))
    road = {cell.rule for arrow in graph.main_road for cell in arrow}
    found = {}
    for lane, stage in enumerate(lanes(graph)):
        inside = rules.subgraph([rule for rule in rules if graph.stages[rule] == stage])
        columns = _columns(inside, {rule for rule in inside if not rules[rule]})
        rows = _rows(inside, columns, road)
        found |= {rule: Place(lane, columns[rule], rows[rule]) for rule in inside}
    return found


def _columns(inside: networkx.DiGraph, dead_ends: Set[str]) -> dict[str, int]:
    levels = list(networkx.topological_generations(inside))
    columns = {rule: number for number, level in enumerate(levels) for rule in level}
    return columns | dict.fromkeys(dead_ends, len(levels) - 1)


def _rows(inside: networkx.DiGraph, columns: dict[str, int], road: Set[str]) -> dict[str, int]:
    """Give each rule the first row, or better that of a source, that is free from its first source to itself."""
    rows: dict[str, int] = {}
    taken = set()
    for rule in sorted(inside, key=lambda rule: (rule not in road, columns[rule])):
        sources = list(inside.predecessors(rule))
        passed = range(min((columns[source] + 1 for source in sources), default=columns[rule]), columns[rule] + 1)
        wanted = chain((rows[source] for source in sources if source in rows), count())
        rows[rule] = next(row for row in wanted if taken.isdisjoint((row, column) for column in passed))
        taken |= {(rows[rule], column) for column in passed}
    return rows
