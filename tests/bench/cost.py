"""Seconds and memory of some work, and what other work there is."""

import ctypes
import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

IDLE = [3, 4]  # columns of /proc/stat: nothing to do, or waiting for a disk


class Cost(NamedTuple):
    """What some work took: seconds, seconds of all processors, and the rise of the process's memory in MiB."""

    seconds: float
    processors: float
    memory: float


def measured(work: Callable[[], object]) -> Cost:
    """Do some work; memory is looked at every 5 ms. Work that another process does gives back what it cost there."""
    give_back()
    before, peak, done = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started, processors = time.perf_counter(), time.process_time()
    try:
        found = work()
        cost = time.perf_counter() - started, time.process_time() - processors
    finally:
        done.set()
        watcher.join()
    return found if isinstance(found, Cost) else Cost(*cost, peak[0])


def cores_of_others(seconds: float = 0.2) -> float:
    """Cores that are busy while this process sleeps, of those that it may use (Linux)."""

    def spent() -> np.ndarray:
        """Busy time and all time of these cores, in the kernel's unit."""
        lines = [line.split() for line in Path("/proc/stat").read_text(encoding="ascii").splitlines()]
        own = {f"cpu{core}" for core in os.sched_getaffinity(0)}
        times = np.array([[int(value) for value in words[1:9]] for words in lines if words and words[0] in own])
        return np.array([times.sum() - times[:, IDLE].sum(), times.sum()])

    before = spent()
    time.sleep(seconds)
    busy, total = spent() - before
    return float(busy / max(1, total) * len(os.sched_getaffinity(0)))


def give_back() -> None:
    """Return memory that was freed to the system (glibc), or work that takes it up again would seem to need none."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)


def resident() -> float:
    """Memory of this process in MiB (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * 4096 / 2**20
