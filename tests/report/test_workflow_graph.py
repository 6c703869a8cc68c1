"""What a picture of a workflow shows."""

from itertools import product

import networkx
import pytest
from workflow_jobs import by_name, job, random_jobs

from purereid.report.workflow_graph import Arrow, Cell, workflow_graph


def cells(*rules: str) -> list[Cell]:
    return [Cell(rule, "") for rule in rules]


def arrows_of(jobs: list) -> set[tuple[Cell, Cell]]:
    """All pairs of cells of which the second reads what the first writes."""
    return {
        (Cell(a.rule, by_name(a)), Cell(b.rule, by_name(b)))
        for a, b in product(jobs, jobs)
        if set(a.outputs) & set(b.inputs) and a.rule != b.rule
    }


@pytest.mark.parametrize("seed", range(8))
def test_arrows_ahead_are_those_that_no_longer_way_implies(seed: int):
    jobs = random_jobs(seed)
    graph = workflow_graph(jobs, by_name)
    ahead = networkx.DiGraph((a, b) for a, b in arrows_of(jobs) if a.rule < b.rule)
    kept = {(a, b) for a, b in ahead.edges if max(map(len, networkx.all_simple_paths(ahead, a, b))) == 2}
    assert set(graph.ahead.edges) == kept
    assert list(graph.jobs) == sorted(graph.jobs)


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_arrows_back_lead_everywhere_by_the_fewest(seed: int):
    jobs = random_jobs(seed)
    graph = workflow_graph(jobs, by_name)
    back = {(a, b) for a, b in arrows_of(jobs) if a.rule > b.rule}
    assert back and set(graph.back.edges) <= back
    for source, target in back:
        ways = [other for other in graph.back[source] if networkx.has_path(graph.ahead, other, target)]
        assert ways and ((source, target) in graph.back.edges) == (ways == [target])


def test_jobs_with_one_label_are_one_cell():
    data = job("index", "data")
    seeds = [job("train", "reid", data, experiment=name, seed=seed) for name in ("x", "y") for seed in "12"]
    graph = workflow_graph([data, *seeds], lambda job: job.wildcards.get("experiment", ""))
    assert graph.jobs == {Cell("index", ""): [data], Cell("train", "x"): seeds[:2], Cell("train", "y"): seeds[2:]}
    assert graph.arrows == [(Cell("index", ""), Cell("train", name)) for name in ("x", "y")]
    assert graph.boxes == {"index": [Cell("index", "")], "train": [Cell("train", "x"), Cell("train", "y")]}


def test_what_only_the_report_needs_has_no_box():
    index = job("index", "dataset")
    sheet = job("sheet", "dataset", index)
    train = job("train", "reid", index)
    score = job("score", "reid", train)
    plots = [job("plot_data", "report", index), job("plot_scores", "report", score, index), job("list", "report")]
    table = job("table", "report", plots[1])
    graph = workflow_graph([index, sheet, train, score, *plots, table])
    assert list(graph.boxes) == ["index", "train", "score"] and graph.last == Cell("score", "")
    beside = {"sheet": "dataset", "plot_data": "dataset", "plot_scores": "reid", "list": "reid", "table": "reid"}
    assert graph.named == {Cell(rule, ""): stage for rule, stage in beside.items()}
    assert graph.arrows == [Arrow(*cells("index", "train")), Arrow(*cells("train", "score"))]


def test_a_picture_of_the_report_alone_has_a_box():
    graph = workflow_graph([job("list", "report")])
    assert list(graph.boxes) == ["list"] and graph.named == {}


@pytest.mark.parametrize("seed", range(8))
def test_the_main_road_is_the_longest_way_to_the_last_cell(seed: int):
    graph = workflow_graph(random_jobs(seed))
    ways = (way for cell in graph.jobs for way in networkx.all_simple_paths(graph.ahead, cell, graph.last))
    assert len(graph.main_road) == max((len(way) - 1 for way in ways), default=0)
    assert all(graph.ahead.has_edge(*arrow) for arrow in graph.main_road)
    assert not graph.main_road or graph.main_road[-1].target == graph.last
