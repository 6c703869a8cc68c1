"""The jobs behind a target as a picture in which colours tell their states."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.patches import Patch

from purereid.planned_jobs import Job
from purereid.report.style import GREY
from purereid.report.workflow_graph import workflow_graph
from purereid.report.workflow_picture import draw_workflow
from purereid.status.report import STATES, Verdict

COLOURS = {
    "failed": "#E8796B",
    "killed": "#D9A0C3",
    "running": "#9CCBEE",
    "stale": "#F6A94F",
    "ready": "#FFF2A8",
    "waiting": "#FBE3C0",
    "done": "#CFE8DC",
}
EXPLAINED = ("failed", "killed", "stale")
LINES, LETTERS = 5, 110  # of explanation at most


def draw_status(verdicts: Sequence[Verdict], plot: Path) -> None:
    """Draw the jobs of a target; those of one rule that differ in seed or shard alone are one cell.

    Args:
        verdicts: of all its jobs, one at least, in the order in which the workflow declares their rules.
        plot: PNG or SVG to write.

    Raises:
        UserError: the picture cannot be saved under that name.
    """
    datasets = {verdict.job.wildcards.get("dataset") for verdict in verdicts}
    left_out = {"seed", "shard", "shards", "dataset" if len(datasets) == 1 else None}

    def label(job: Job) -> str:
        return " ".join(value for name, value in job.wildcards.items() if name not in left_out)

    graph = workflow_graph([verdict.job for verdict in verdicts], label)
    states = {verdict.job.outputs: verdict.state for verdict in verdicts}
    worst = {cell: min((states[job.outputs] for job in jobs), key=STATES.index) for cell, jobs in graph.jobs.items()}
    counts = Counter(states.values())
    legend = [
        Patch(facecolor=COLOURS[state], edgecolor=GREY, linewidth=0.5, label=f"{state} {counts[state]}")
        for state in STATES
        if counts[state]
    ]
    fills = {cell: COLOURS[state] for cell, state in worst.items()}
    draw_workflow(graph, plot, fills=fills, legend=legend, remarks=explanations(verdicts))


def explanations(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines that say why jobs are not done, the worst first."""
    found = [verdict for state in EXPLAINED for verdict in verdicts if verdict.state == state]
    lines = [f"{verdict.state}: {verdict.job.name}, {verdict.lines[0]}" for verdict in found[:LINES]]
    more = [f"and {len(found) - LINES} more"] if len(found) > LINES else []
    return [textwrap.shorten(line, LETTERS, placeholder="...") for line in lines] + more
