"""A training whose threads wait for cores that others take is told."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from purereid.logs import log

SECONDS = 30.0  # that a look covers at least
ENOUGH = 0.75  # of the time that threads were ready to compute

Times = dict[str, tuple[int, int]]  # of each thread: nanoseconds on a core, and ready to be on one


def thread_times() -> Times:
    """Of the threads of this process, by their numbers; empty where the system does not tell. Linux does."""
    times = {}
    for file in Path("/proc/self/task").glob("*/schedstat"):
        try:
            used, waited, _ = file.read_text(encoding="ascii").split()
        except OSError:  # the thread has ended meanwhile
            continue
        times[file.parent.name] = int(used), int(waited)
    return times


class Contention:
    """Warns once if a training on several threads gets much less of the cores than these could use.

    A thread that sleeps until data or another thread are ready lacks no core. One that is ready and waits for a core
    keeps waiting all that need what it computes, so that several threads may take longer than one.

    Args:
        threads: of PyTorch; None: as many as it has.
        clock: tells seconds.
        times: tells what ``thread_times`` does.
    """

    def __init__(
        self,
        threads: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
        times: Callable[[], Times] = thread_times,
    ):
        self.threads, self.clock, self.times = threads or torch.get_num_threads(), clock, times
        self.told, self.began, self.before = self.threads == 1, clock(), times()

    def look(self) -> None:
        """Judge the time since the last look, if it is long enough."""
        seconds = self.clock() - self.began
        if self.told or seconds < SECONDS:
            return
        times = self.times()
        none = (0, 0)  # of a thread that is new
        used, waited = (
            sum(spent[kind] - self.before.get(thread, none)[kind] for thread, spent in times.items())
            for kind in range(2)
        )
        if used < ENOUGH * (used + waited):
            self.told = True
            log.warning(
                "there are fewer cores than threads at work: for %.0f s the %d threads of this training got %.0f %% of "
                "the time that they could have used, and each waits for all others. On a machine as busy as this one "
                "thread may be faster (resources: threads of its rule; the training begins anew then), or fewer jobs.",
                seconds,
                self.threads,
                100 * used / (used + waited),
            )
        self.began, self.before = self.clock(), times
