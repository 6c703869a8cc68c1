"""Time and memory of rankings: ``PYTHONPATH=workflow_scripts python -m purereid.retrieval.bench 3368 15913 2048``.

Random features, 750 identities in 6 cameras; beside each figure its ratio to the plain float32 product of the same
size, in tiles that are thrown away, on the same cores in the same run. ``--rerank`` adds the re-ranking and the
centralisation, which need the product of all pairs of images.
"""

import argparse
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from purereid.retrieval.centralise import centralise
from purereid.retrieval.distances import copied_blocks, cosine_blocks, normalise
from purereid.retrieval.ranking import rank, rank_blocks
from purereid.retrieval.rerank import reranked_blocks

IDENTITIES, CAMERAS = 750, 6
ROWS, COLUMNS = 1024, 2048  # of a tile; unequal, because NumPy halves the work of a square one that is symmetric


class Cost(NamedTuple):
    """What some work took: seconds, seconds of all processors, and the rise of the process's memory in MiB."""

    seconds: float
    processors: float
    memory: float


def main() -> None:
    """Print what rankings of the size given on the command line cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("queries", "gallery", "width"):
        parser.add_argument(name, type=int)
    parser.add_argument("--rerank", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    size = parser.parse_args()
    rng = np.random.default_rng(0)
    features = normalise(rng.standard_normal((size.queries + size.gallery, size.width), np.float32), in_place=True)
    query, gallery = features[: size.queries], features[size.queries :]
    labels = [rng.integers(1, limit, n) for limit in (IDENTITIES, CAMERAS) for n in (size.queries, size.gallery)]
    rank(query[:1], gallery[:1], labels[0][:1], labels[1][:1])  # loads what is compiled
    print(f"{size.queries} x {size.gallery} x {size.width}; {cores()}")
    for _ in range(size.repeats):
        plain = show("plain product", lambda: product(query, gallery))
        show("ranking", lambda: rank(query, gallery, *labels), plain)
        distances = np.concatenate([block.copy() for block in cosine_blocks(query, gallery)])
        show("ranking, distances given", lambda given=distances: rank_blocks(copied_blocks(given), *labels), plain)
        del distances
        if size.rerank:
            plain = show("plain product of all", lambda: product(features, features))
            show("re-ranking", lambda: [None for _ in reranked_blocks(features, size.queries)], plain)
            show("centralisation", lambda: centralise(features), plain)
    print(f"the features take {features.nbytes / 2**20:.0f} MiB; {cores()}")


def cores() -> str:
    """How many cores this process may use, and how busy the machine was in the last minute."""
    return f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


def product(rows: np.ndarray, columns: np.ndarray) -> None:
    """All dot products, in float32 tiles that are thrown away."""
    buffer = np.empty(ROWS * COLUMNS, np.float32)
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        for other in range(0, len(columns), COLUMNS):
            against = columns[other : other + COLUMNS]
            np.matmul(part, against.T, out=buffer[: len(part) * len(against)].reshape(len(part), -1))


def show(name: str, work: Callable[[], object], plain: Cost | None = None) -> Cost:
    """Measure and print, also as a multiple of the plain product."""
    cost = measured(work)
    ratio = "" if plain is None else "; over the plain product {:.2f} ({:.2f})".format(*np.divide(cost[:2], plain[:2]))
    print(f"{name:>25}: {cost.seconds:7.2f} s ({cost.processors:.2f} s of processors)", end="")
    print(f", {cost.memory:5.0f} MiB more{ratio}", flush=True)
    return cost


def measured(work: Callable[[], object]) -> Cost:
    """Do some work; memory is looked at every 5 ms."""
    before, peak, done = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, processors = time.perf_counter(), time.process_time()
    work()
    cost = time.perf_counter() - started, time.process_time() - processors
    done.set()
    watcher.join()
    return Cost(*cost, peak[0])


def resident() -> float:
    """Memory of this process in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()
