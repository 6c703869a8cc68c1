"""Time and memory of a ranking: ``PYTHONPATH=workflow_scripts python -m purereid.retrieval.bench 3368 15913 2048``.

Random features, 750 identities in 6 cameras; beside it, in the same run, the matrix product alone.
"""

import argparse
import threading
import time
from pathlib import Path

import numpy as np

from purereid.retrieval.distances import BLOCK_BYTES, cosine_blocks, normalise
from purereid.retrieval.ranking import rank

IDENTITIES, CAMERAS = 750, 6


def main() -> None:
    """Print seconds and extra memory for the size given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("queries", "gallery", "width"):
        parser.add_argument(name, type=int)
    size = parser.parse_args()
    rng = np.random.default_rng(0)
    query, gallery = (normalise(rng.standard_normal((n, size.width), np.float32)) for n in (size.queries, size.gallery))
    labels = [rng.integers(1, limit, n) for limit in (IDENTITIES, CAMERAS) for n in (size.queries, size.gallery)]
    product, _ = measured(lambda: [None for _ in cosine_blocks(query, gallery, BLOCK_BYTES)])
    seconds, memory = measured(lambda: rank(query, gallery, *labels))
    print(f"{size.queries} x {size.gallery} x {size.width}: distances {product:.2f} s, ranking in all {seconds:.2f} s")
    print(f"extra memory {memory:.0f} MiB; the features take {(query.nbytes + gallery.nbytes) / 2**20:.0f} MiB")


def measured(work: object) -> tuple[float, float]:
    """Seconds, and the rise of the process's memory in MiB, looked at every 5 ms."""
    before, peak, done = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    return seconds, peak[0]


def resident() -> float:
    """Memory of this process in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


if __name__ == "__main__":
    main()
