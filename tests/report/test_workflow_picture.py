"""Drawing a workflow."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.lines import Line2D
from PIL import Image
from workflow_jobs import by_name, job

from purereid.report.workflow_graph import Cell, workflow_graph
from purereid.report.workflow_picture import draw_workflow

LEGEND = (Line2D([], [], label="an explanation"),)


def texts(plot: Path) -> list[str]:
    """All texts of an SVG."""
    return re.findall(r"<!-- (.+?) -->", plot.read_text())


def test_names_labels_titles_and_explanations_are_written(tmp_path: Path):
    index = job("index", "dataset", name="$a")
    trained = [job("train", "mine", index, name="b", seed=seed) for seed in "12"]
    sheet = job("sheet", "dataset", index, name="c")
    graph = workflow_graph([index, sheet, *trained], by_name)
    draw_workflow(graph, tmp_path / "a.svg", fills={}, legend=LEGEND, remarks=["a remark"])
    written = {"data", "mine", "report", "index", "$a", "train", "b × 2", "sheet c", "an explanation", "a remark"}
    assert set(texts(tmp_path / "a.svg")) == written


def test_cells_have_their_colours_also_beside_the_lanes(tmp_path: Path):
    first = job("first", "1")
    second = [job("second", "1", first, name=name) for name in "ab"]
    plot = job("plot", "report", *second)
    graph = workflow_graph([first, *second, plot], lambda job: job.wildcards.get("name", ""))
    cells = [Cell("first", ""), Cell("second", "a"), Cell("second", "b"), Cell("plot", "")]
    fills = dict(zip(cells, ("#010203", "#020304", "#030405", "#040506"), strict=True))
    draw_workflow(graph, tmp_path / "a.svg", fills=fills, legend=LEGEND)
    drawn = (tmp_path / "a.svg").read_text()
    assert [drawn.count(f"fill: {colour}") for colour in fills.values()] == [1, 1, 1, 1]


def test_arrows_back_are_broken_and_the_road_is_thick(tmp_path: Path):
    first, last = job("first", "1"), job("last", "2")
    circle = [job("first", "1", last, name="again"), job("last", "2", first, name="again")]
    plain = workflow_graph([first, job("last", "2", first)])
    draw_workflow(plain, tmp_path / "a.svg", fills={}, legend=LEGEND)
    draw_workflow(plain, tmp_path / "b.svg", fills={}, legend=LEGEND, road=plain.main_road)
    draw_workflow(workflow_graph([first, circle[0], last, circle[1]]), tmp_path / "c.svg", fills={}, legend=LEGEND)
    drawn = {name: (tmp_path / f"{name}.svg").read_text() for name in "abc"}
    assert ["stroke-dasharray" in text for text in drawn.values()] == [False, False, True]
    assert ["stroke-width: 3" in text for text in drawn.values()] == [False, True, False]


DRAW = """
import sys
from pathlib import Path
from purereid.report.workflow_graph import workflow_graph
from purereid.report.workflow_picture import draw_workflow
from workflow_jobs import by_name, random_jobs
graph = workflow_graph(random_jobs(3), by_name)
draw_workflow(graph, Path(sys.argv[1]), fills={}, legend=[], road=graph.main_road)
"""


@pytest.mark.slow
def test_the_same_jobs_give_the_same_bytes_in_every_process(tmp_path: Path):
    for seed in "12":  # decides the order of sets
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, "-c", DRAW, tmp_path / f"{seed}.svg"], env=environment, check=True)
    assert len({(tmp_path / f"{seed}.svg").read_bytes() for seed in "12"}) == 1


def test_one_job_and_a_long_remark_have_room(tmp_path: Path):
    graph = workflow_graph([job("index", "dataset")])
    draw_workflow(graph, tmp_path / "short.png", fills={}, legend=LEGEND)
    draw_workflow(graph, tmp_path / "long.png", fills={}, legend=LEGEND, remarks=["long " * 40])
    short, long = (Image.open(tmp_path / name) for name in ("short.png", "long.png"))
    assert long.width > 1.5 * short.width and long.height > short.height
    assert long.convert("L").crop((long.width - 8, 0, long.width, long.height)).getextrema() == (255, 255)
