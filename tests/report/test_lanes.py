"""Boxes in lanes, and the ways of arrows between them."""

import shutil
from itertools import combinations, pairwise, product
from pathlib import Path

import networkx
import pytest
from workflow_jobs import by_name, job, random_jobs

from purereid.planned_jobs import Job, planned_jobs
from purereid.report.lane_layout import LaneLayout, Point
from purereid.report.lanes import lanes, places
from purereid.report.routes import Joint, routes, sort
from purereid.report.workflow_graph import Arrow, Cell, workflow_graph

Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.fixture(params=range(12))
def layout(request: pytest.FixtureRequest) -> LaneLayout:
    return LaneLayout(workflow_graph(random_jobs(request.param), by_name))


def rectangle(layout: LaneLayout, rule: str) -> Rectangle:
    x, y = layout.corner(rule)
    return x, y, x + layout.box_width, y + layout.height(rule)


def around(a: Point, b: Point) -> Rectangle:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def meet(a: Rectangle, b: Rectangle) -> bool:
    """Whether a rectangle, or a level or upright line, and the inside of a rectangle have points in common."""
    return max(a[0], b[0]) <= min(a[2], b[2]) and max(a[1], b[1]) <= min(a[3], b[3]) and not touch(a, b)


def touch(a: Rectangle, b: Rectangle) -> bool:
    """Whether one ends where the other begins."""
    return a[0] == b[2] or a[2] == b[0] or a[1] == b[3] or a[3] == b[1]


def confused(layout: LaneLayout) -> list[tuple[Arrow, Arrow]]:
    """Arrows that run on one line although they neither begin nor end together."""
    pieces = [(arrow, around(*piece)) for arrow, points in routes(layout).items() for piece in pairwise(points)]
    return [
        (one, other)
        for (one, a), (other, b) in combinations(pieces, 2)
        for side, across in ((0, 1), (1, 0))
        if a[side] == a[side + 2] == b[side] == b[side + 2]
        and min(a[across + 2], b[across + 2]) > max(a[across], b[across])
        and one.source != other.source
        and one.target != other.target
    ]


def test_every_box_has_a_place_and_arrows_lead_onward(layout: LaneLayout):
    found = places(layout.graph)
    assert set(found) == set(layout.graph.boxes) and len(set(found.values())) == len(found)
    for source, target in layout.graph.arrows:
        start, end = found[source.rule], found[target.rule]
        if layout.graph.ahead.has_edge(source, target):
            assert start.lane < end.lane or (start.lane == end.lane and start.column < end.column)


def test_a_column_is_the_longest_way_dead_ends_are_the_last_and_the_road_is_above():
    first = job("first", "1")
    aside = job("aside", "1", first)
    second = job("second", "1", first)
    third = job("third", "1", second)
    fourth = job("fourth", "1", aside, third)
    fifth = job("fifth", "2", fourth)
    end = job("end", "2", fifth)
    dead = job("dead", "1", first)
    use = job("use", "report", dead)
    found = places(workflow_graph([first, aside, second, third, fourth, dead, fifth, end, use]))
    columns = {"first": 0, "aside": 1, "second": 1, "third": 2, "fourth": 3, "fifth": 0, "end": 1}
    assert {rule: found[rule].column for rule in columns} == columns
    assert [rule for rule in columns if found[rule].row > 0] == ["aside"]
    assert found["dead"].column == 3


def test_lanes_have_the_order_of_the_stages(layout: LaneLayout):
    assert lanes(layout.graph) == sorted({layout.graph.stages[rule] for rule in layout.graph.boxes})
    assert all(bottom < top for (_, bottom), (top, _) in pairwise(layout.lanes))


def test_boxes_lie_apart_and_within_their_lane(layout: LaneLayout):
    boxes = {rule: rectangle(layout, rule) for rule in layout.graph.boxes}
    assert not any(meet(a, b) for a, b in combinations(boxes.values(), 2))
    for rule, (left, top, right, bottom) in boxes.items():
        first, last = layout.lanes[layout.stages.index(layout.graph.stages[rule])]
        assert first < top and bottom < last and left > 0 and right < layout.right


def test_arrows_run_from_edge_to_edge_past_all_boxes(layout: LaneLayout):
    boxes = {rule: rectangle(layout, rule) for rule in layout.graph.boxes}
    assert routes(layout).keys() == set(layout.graph.arrows)
    for arrow, points in routes(layout).items():
        assert points[0][0] == boxes[arrow.source.rule][2] and points[-1][0] == boxes[arrow.target.rule][0]
        for cell, (_, y) in zip(arrow, (points[0], points[-1]), strict=True):
            assert boxes[cell.rule][1] < y < boxes[cell.rule][3]
        for a, b in pairwise(points):
            assert a[0] == b[0] or a[1] == b[1]
            assert not any(meet(around(a, b), box) for box in boxes.values()), (arrow, a, b)
        assert all(0 < x < layout.right for x, _ in points)


def everything(job: Job) -> str:
    return " ".join(value for name, value in job.wildcards.items() if name not in ("seed", "shard", "shards"))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["truth", "few_real"])
def test_no_arrows_of_the_workflow_are_taken_for_others(
    preset: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copy(root / "config.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    jobs = planned_jobs(configfile=[root / f"presets/{preset}.yaml"], snakefile=root / "Snakefile")
    for label in (everything, lambda job: ""):
        layout = LaneLayout(workflow_graph(jobs, label))
        assert len(layout.graph.arrows) > 15 and confused(layout) == []


def test_as_many_joints_as_possible_stand_before_others():
    joints = [Joint(0, Cell(name, "")) for name in "abcde"]
    a, b, c, d, e = joints
    found = sort(networkx.DiGraph([(e, d), (d, a), (a, d), (a, c), (c, b)]))
    assert found.index(e) < min(found.index(a), found.index(d)) and found[-2:] == [c, b]
    assert sorted(found) == joints


def test_cells_of_a_box_stand_below_each_other_and_count_their_jobs():
    data = job("data", "1")
    trained = [job("train", "1", data, name=name, seed=seed) for name, seed in product("xy", "12")]
    layout = LaneLayout(workflow_graph([data, *trained], lambda job: job.wildcards.get("name", "")))
    x, y = layout.graph.boxes["train"]
    (_, top, _, bottom), middles = rectangle(layout, "train"), [layout.middle(cell)[1] for cell in (x, y)]
    assert top < middles[0] < middles[1] < bottom
    assert layout.text(x) == "x × 2" and layout.text(layout.graph.boxes["data"][0]) == ""
