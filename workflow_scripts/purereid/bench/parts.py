"""The parts of the benchmark, a module each."""

import importlib
from types import ModuleType

from purereid.bench.comparison import Row, lines
from purereid.logs import log

PARTS = (
    "ranking",
    "reranking",
    "evaluation",
    "neighbours",
    "gcn",
    "clusters",
    "propagation",
    "heatmaps",
    "rendering",
    "images",
    "training",
)


def module(part: str) -> ModuleType:
    """NAMES of the numbers that a size consists of, SMALL and FULL sizes, and ``comparisons`` at a size."""
    return importlib.import_module(f"purereid.bench.{part}")


def run(part: str, size: tuple[int, ...]) -> list[Row]:
    """Measure one part at one size, and print it."""
    log.setLevel("ERROR")  # what trainers warn of does not matter here
    rows = []
    for comparison in module(part).comparisons(*size):
        print("\n".join(lines(comparison)), flush=True)
        rows += comparison
    return rows
