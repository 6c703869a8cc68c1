"""What a picture of a workflow shows: jobs that are one, and which of them feed which."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import networkx

from purereid.planned_jobs import Job

REPORT = "report"  # the stage of pictures and tables


class Cell(NamedTuple):
    """Jobs of one rule that a picture does not tell apart."""

    rule: str
    label: str


class Arrow(NamedTuple):
    """The target uses results of the source."""

    source: Cell
    target: Cell


@dataclass(frozen=True)
class WorkflowGraph:
    """Cells and the arrows between them, in the order in which the workflow declares their rules.

    Attributes:
        jobs: those of each cell.
        ahead: arrows to rules that are declared later, without those that a longer way implies.
        back: arrows to rules that are declared earlier, likewise.
    """

    jobs: dict[Cell, list[Job]]
    ahead: networkx.DiGraph
    back: networkx.DiGraph

    @cached_property
    def stages(self) -> dict[str, str]:
        """Stage of each rule."""
        return {cell.rule: jobs[0].stage for cell, jobs in self.jobs.items()}

    @cached_property
    def last(self) -> Cell:
        """What all is done for: the last cell before the report, or of it where there is no other."""
        before = [cell for cell in self.jobs if self.stages[cell.rule] != REPORT]
        return (before or list(self.jobs))[-1]

    @cached_property
    def boxes(self) -> dict[str, list[Cell]]:
        """Cells of each rule that has a box: the last one, and those before the report that others use."""
        used = {cell.rule for cell in self.jobs if self.ahead[cell] or cell in self.back}
        used = {rule for rule in used if self.stages[rule] != REPORT} | {self.last.rule}
        return {rule: [cell for cell in self.jobs if cell.rule == rule] for rule in self.stages if rule in used}

    @cached_property
    def named(self) -> dict[Cell, str]:
        """The other cells, pictures and tables mostly, which are only named, and the stage of their latest input."""
        order = list(self.boxes)
        others = [cell for cell in self.jobs if cell.rule not in self.boxes]
        makers = {cell: [maker.rule for maker in self.ahead.predecessors(cell)] for cell in others}
        makers = {cell: [rule for rule in rules if rule in self.boxes] or order[-1:] for cell, rules in makers.items()}
        return {cell: self.stages[max(rules, key=order.index)] for cell, rules in makers.items()}

    @cached_property
    def arrows(self) -> list[Arrow]:
        """All arrows between boxes."""
        every = [Arrow(*edge) for edges in (self.ahead.edges, self.back.edges) for edge in edges]
        return [arrow for arrow in every if arrow.source.rule in self.boxes and arrow.target.rule in self.boxes]

    @cached_property
    def main_road(self) -> list[Arrow]:
        """The longest way to the last cell."""
        road = self.ahead.copy()
        road.remove_nodes_from(self.jobs.keys() - networkx.ancestors(self.ahead, self.last) - {self.last})
        return [Arrow(*edge) for edge in networkx.utils.pairwise(networkx.dag_longest_path(road))]


def workflow_graph(jobs: Sequence[Job], label: Callable[[Job], str] = lambda job: "") -> WorkflowGraph:
    """Bring jobs together by rule and label, and find the arrows between them.

    Args:
        jobs: one at least, in the order in which the workflow declares their rules.
        label: jobs of one rule with the same label are one cell.
    """
    cells: dict[Cell, list[Job]] = {}
    for job in jobs:
        cells.setdefault(Cell(job.rule, label(job)), []).append(job)
    order = list(dict.fromkeys(job.rule for job in jobs))
    ahead, back = networkx.DiGraph(), networkx.DiGraph()
    ahead.add_nodes_from(cells)
    for source, target in _uses(cells):
        (ahead if order.index(source.rule) < order.index(target.rule) else back).add_edge(source, target)
    needed = networkx.transitive_reduction(ahead)
    ahead.remove_edges_from([edge for edge in ahead.edges if not needed.has_edge(*edge)])  # which keeps the order
    back.remove_edges_from([edge for edge in back.edges if _implied(Arrow(*edge), ahead, back)])
    return WorkflowGraph(cells, ahead, back)


def _uses(cells: dict[Cell, list[Job]]) -> Iterator[Arrow]:
    """Arrows between cells of different rules."""
    makers = {output: cell for cell, jobs in cells.items() for job in jobs for output in job.outputs}
    for cell, jobs in cells.items():
        sources = dict.fromkeys(makers[path] for job in jobs for path in job.inputs if path in makers)
        yield from (Arrow(source, cell) for source in sources if source.rule != cell.rule)


def _implied(arrow: Arrow, ahead: networkx.DiGraph, back: networkx.DiGraph) -> bool:
    """Whether another arrow back from the same source leads to where a way goes on to the target."""
    others = set(back[arrow.source]) - {arrow.target}
    return any(networkx.has_path(ahead, other, arrow.target) for other in others)
