"""The parts of the benchmark, a module each."""

import importlib
from collections import deque
from types import ModuleType

import cv2
import torch

from bench.comparison import Row, lines
from purereid.logs import log
from purereid.threads import threads

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
    "digests",
    "training",
    "dgnet",
)


def module(part: str) -> ModuleType:
    """NAMES of the numbers that a size consists of, a TINY, SMALL and FULL sizes, and ``comparisons`` at a size."""
    return importlib.import_module(f"bench.{part}")


def run(part: str, size: tuple[int, ...]) -> tuple[list[Row], str]:
    """Measure one part at one size, and print it; what was measured, and the error that ended it, if there was one."""
    log.setLevel("ERROR")  # what trainers warn of does not matter here
    torch.set_num_threads(threads())  # whatever the last part wanted
    cv2.setNumThreads(threads())
    rows = []
    try:
        deque(module(part).comparisons(*module(part).TINY), maxlen=0)  # load and compile what there is, start the GPU
        for comparison in module(part).comparisons(*size):
            print("\n".join(lines(comparison)), flush=True)
            rows += comparison
    except Exception as error:  # the other parts can be measured all the same
        return rows, f"{type(error).__name__}: {error}"
    return rows, ""
