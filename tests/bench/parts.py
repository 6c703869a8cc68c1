"""The parts of the benchmark, a module each."""

import importlib
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import cv2
import yaml

from bench.comparison import Row, lines
from purereid.logs import log
from purereid.openmp import sleep_while_waiting
from purereid.threads import threads

ROOT = Path(__file__).parents[2]
# The rule whose jobs do such work, for the number of threads; None: one thread.
PARTS = {
    "ranking": "evaluate",
    "reranking": "evaluate",
    "evaluation": "evaluate",
    "neighbours": "build_graph",
    "gcn": "purify",
    "clusters": "purify",
    "propagation": "purify",
    "heatmaps": "make_heatmaps",
    "rendering": None,
    "images": None,
    "digests": None,
    "training": "train_reid",
    "dgnet": "train_reid",
    "threads": None,
}


def module(part: str) -> ModuleType:
    """NAMES of the numbers that a size consists of, a TINY, SMALL and FULL sizes, and ``comparisons`` at a size."""
    return importlib.import_module(f"bench.{part}")


@contextmanager
def as_a_job(part: str) -> Iterator[None]:
    """Processes begun meanwhile have the threads of the part's job, or those that OMP_NUM_THREADS says."""
    before = dict(os.environ)
    rule = PARTS[part]
    if not rule or "OMP_NUM_THREADS" not in os.environ:
        os.environ["OMP_NUM_THREADS"] = str(min(threads_of(rule), len(os.sched_getaffinity(0))) if rule else 1)
    sleep_while_waiting()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def threads_of(rule: str) -> int:
    """Those that config.yaml gives to the jobs of a rule."""
    resources = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["resources"]
    return resources.get(rule, resources["default"])["threads"]


def run(part: str, size: tuple[int, ...]) -> tuple[list[Row], str]:
    """Measure one part at one size, and print it; what was measured, and the error that ended it, if there was one."""
    log.setLevel("ERROR")  # what trainers warn of does not matter here
    cv2.setNumThreads(threads())  # it does not look at the environment
    rows = []
    try:
        deque(module(part).comparisons(*module(part).TINY), maxlen=0)  # load and compile what there is, start the GPU
        for comparison in module(part).comparisons(*size):
            print("\n".join(lines(comparison)), flush=True)
            rows += comparison
    except Exception as error:  # the other parts can be measured all the same
        return rows, f"{type(error).__name__}: {error}"
    return rows, ""
