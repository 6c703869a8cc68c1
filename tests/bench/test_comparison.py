"""What a comparison measures and prints."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from bench import comparison
from bench.comparison import Row, Way, compare, head, lines
from bench.cost import Cost, cores_of_others, measured


def test_the_rise_of_memory_and_the_time_of_processors():
    cost = measured(lambda: np.ones(2**26, np.uint8).sum() and time.sleep(0.05))
    assert 60 < cost.memory < 70
    assert measured(lambda: time.sleep(0.2)).seconds >= 0.2 > 10 * measured(lambda: time.sleep(0.2)).processors


def test_memory_that_was_freed_before_counts_again():
    def work() -> None:
        np.random.default_rng(0).random(3 * 10**6)  # 24 MB, which the allocator would keep
        parts = [np.ones(10**5, np.uint8) for _ in range(200)]
        assert sum(map(len, parts)) == 2 * 10**7

    assert min(measured(work).memory for _ in range(3)) > 15


def test_a_failing_way_stops_the_watcher():
    def fail() -> None:
        raise KeyError("here")

    with pytest.raises(KeyError, match="here"):
        measured(fail)


def test_work_of_another_process_tells_its_own_cost():
    there = Cost(1.5, 2.5, 3.5)
    assert measured(lambda: there) == there


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[Cost]:
    """What the ways of a comparison cost, taken one after the other."""
    given = []
    monkeypatch.setattr(comparison, "measured", lambda work: work() or given.pop(0))
    monkeypatch.setattr(comparison, "cores_of_others", lambda: 0.0)
    return given


def test_ways_take_turns_and_medians_are_told_per_unit(costs: list[Cost]):
    costs += [Cost(0.1, 2, 3), Cost(0.4, 5, 6), Cost(0.3, 1, 9), Cost(0.8, 9, 6), Cost(0.2, 0, 0), Cost(0.5, 1, 1)]
    calls = []
    ways = {"floor": Way(10, lambda: calls.append("floor")), "ours": Way(5, lambda: calls.append("ours"))}
    first, second = compare("part", "10 x 2", "images", ways)
    assert calls == ["floor", "ours"] * 3
    assert (first.seconds, first.processors, first.memory) == (0.2, 1, 3)
    assert (second.seconds, second.processors, second.memory) == (0.5, 5, 6)
    assert (first.times_floor, second.times_floor) == (1, pytest.approx(5))  # 0.02 s an image against 0.1 s
    assert (first.times_ours, second.times_ours) == (pytest.approx(0.2), 1)
    assert (second.part, second.size, second.unit, second.rounds) == ("part", "10 x 2", "images", 3)


def test_no_further_round_after_a_long_one(costs: list[Cost]):
    costs += [Cost(6, 0, 0), Cost(5, 0, 0)]
    rows = compare("part", "", "images", {name: Way(1, lambda: None) for name in ("floor", "ours")})
    assert [row.rounds for row in rows] == [1, 1] and not costs


@pytest.mark.parametrize(
    ("seconds", "taken", "usable"),
    [(5, [0, 0.3], True), (5, [0.31, 0], False), (5, [0, 1.7], False), (1, [2, 2, 2, 2], True)],
)
def test_one_round_beside_other_work_is_not_usable(
    costs: list[Cost], monkeypatch: pytest.MonkeyPatch, seconds: float, taken: list[float], usable: bool
):
    most, left = max(taken), list(taken)
    monkeypatch.setattr(comparison, "cores_of_others", lambda: left.pop(0))
    monkeypatch.setattr(comparison.os, "sched_getaffinity", lambda process: {0, 1, 2})
    costs += [Cost(seconds, 0, 0) for _ in range(6)]
    rows = compare("part", "", "images", {name: Way(1, lambda: None) for name in ("floor", "ours")})
    assert [(row.usable, row.others) for row in rows] == [(usable, most)] * 2 and not left
    assert ("NOT USABLE" in lines(rows)[1]) != usable


def test_cores_that_others_take():
    others = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.3)
        assert 0.3 < cores_of_others(0.5) <= len(os.sched_getaffinity(0))
    finally:
        others.kill()
        others.wait()


def test_the_columns_of_the_table():
    row = Row("part", "10 x 2", "a way", "images", 12_000, 1.5, 2.25, 71.6, 1.0, 1234.5, 3, 2, 0.25, True)
    empty, title, text = lines([row])
    assert (empty, title) == ("", "part, 10 x 2 (images; threads 2, others took 0.2 cores, median of 3)")
    assert text.split() == ["a", "way", "12,000", "1.500", "2.25", "8,000", "72", "1", "1,234"]
    assert len(head()) == len(text)
