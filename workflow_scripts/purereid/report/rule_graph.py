"""The rules of the workflow as a picture: which feeds which, and the main road from data to comparison."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.lines import Line2D

from purereid.planned_jobs import Job, planned_jobs
from purereid.report.style import BLUE, GREY
from purereid.report.workflow_graph import workflow_graph
from purereid.report.workflow_picture import THICK, THIN, draw_workflow

ROAD = "#DCE9F5"  # fill of the boxes at it
LEGEND = (
    Line2D([], [], color=BLUE, linewidth=THICK, label="main road"),
    Line2D([], [], color=GREY, linewidth=THIN, label="leads to a rule that uses the results, unless a longer way does"),
    Line2D([], [], color=GREY, linewidth=THIN, linestyle="--", label="leads back to an earlier one"),
)


def rule_graph(*, config: dict, snakefile: Path, plot: Path) -> None:
    """Ask Snakemake which rules the default target needs and draw them.

    Args:
        config: all settings of the workflow.
        snakefile: the workflow.
        plot: PNG or SVG to write.

    Raises:
        UserError: Snakemake cannot read the workflow.
    """
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "config.json"
        settings.write_text(json.dumps(config), encoding="utf-8")
        jobs = planned_jobs(configfile=[settings], profile="none", snakefile=snakefile)
    draw_rule_graph(jobs, plot)


def draw_rule_graph(jobs: Sequence[Job], plot: Path) -> None:
    """Draw the rules of some jobs, in the order in which the workflow declares them; writes PNG or SVG."""
    graph = workflow_graph(jobs)
    fills = {cell: ROAD for arrow in graph.main_road for cell in arrow}
    draw_workflow(graph, plot, fills=fills, legend=LEGEND, road=graph.main_road)
