"""Ways of doing one thing, measured in turns, and the table of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.cost import cores_of_others, measured
from purereid.threads import threads

ROUNDS = 3
ENOUGH = 6.0  # seconds after which no further round begins
QUIET = 0.1  # of the cores may be taken by other processes


class Way(NamedTuple):
    """One way: how many units it does at once, and what does them."""

    count: int
    work: Callable[[], object]


def doing(count: int, works: dict[str, Callable[[], object]]) -> dict[str, Way]:
    """Ways that all do the same number of units."""
    return {name: Way(count, work) for name, work in works.items()}


@dataclass(frozen=True)
class Row:
    """Medians of one way over the rounds.

    Attributes:
        part, size, way: what was measured.
        unit: what ``count`` counts, in the plural.
        count: units done in ``seconds``; slow ways do a sample.
        seconds, processors: by the clock, and of all processors.
        memory: rise of the process's memory, MiB.
        times_floor, times_ours: seconds per unit over those of the floor, the first way, and of ours, the second.
        rounds: how often it was measured.
        threads: that the process had.
        others: cores that other processes took before, between and after the rounds, the most of it.
        usable: whether it says something: it was measured more than once, or on a quiet machine.
    """

    part: str
    size: str
    way: str
    unit: str
    count: int
    seconds: float
    processors: float
    memory: float
    times_floor: float
    times_ours: float
    rounds: int
    threads: int
    others: float
    usable: bool


def compare(part: str, size: str, unit: str, ways: dict[str, Way]) -> list[Row]:
    """Measure ways in turns, once or more. The first is the floor, the second ours, the others are for comparison."""
    others, rounds, seconds = cores_of_others(), [], 0.0
    while not rounds or (len(rounds) < ROUNDS and seconds < ENOUGH):
        rounds.append([measured(way.work) for way in ways.values()])
        seconds += sum(cost.seconds for cost in rounds[-1])
        others = max(others, cores_of_others())
    usable = len(rounds) > 1 or others <= QUIET * len(os.sched_getaffinity(0))
    medians = np.median(rounds, axis=0).tolist()
    each = [costs[0] / way.count for costs, way in zip(medians, ways.values(), strict=True)]
    return [
        Row(
            part,
            size,
            name,
            unit,
            way.count,
            *costs,
            own / each[0],
            own / each[1],
            len(rounds),
            threads(),
            others,
            usable,
        )
        for (name, way), costs, own in zip(ways.items(), medians, each, strict=True)
    ]


def head() -> str:
    """Names of the columns of ``lines``."""
    numbers = f"{'number':>10}{'seconds':>10}{'CPU s':>9}{'a second':>13}{'MiB more':>10}{'x floor':>9}{'x ours':>9}"
    return f"{'':38}{numbers}"


def lines(rows: list[Row]) -> list[str]:
    """Rows of one comparison as text, under a line that says what was done."""
    first = rows[0]
    rounds = f"median of {first.rounds}" if first.usable else "ONE ROUND BESIDE OTHER WORK: NOT USABLE"
    words = f"threads {first.threads}, others took {first.others:.1f} cores, {rounds}"
    return ["", f"{first.part}, {first.size} ({first.unit}; {words})", *map(_line, rows)]


def _line(row: Row) -> str:
    rate, *ratios = (_short(value) for value in (row.count / row.seconds, row.times_floor, row.times_ours))
    costs = f"{row.count:>10,}{row.seconds:>10.3f}{row.processors:>9.2f}{rate:>13}{row.memory:>10,.0f}"
    return f"  {row.way:36}{costs}" + "".join(f"{ratio:>9}" for ratio in ratios)


def _short(value: float) -> str:
    """Three digits or more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
