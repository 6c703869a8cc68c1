"""Threads: how many, and work that they share."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


def threads() -> int:
    """How many threads this process may use: as the libraries, OMP_NUM_THREADS or the cores that it may run on."""
    return int(os.environ.get("OMP_NUM_THREADS", "").partition(",")[0] or len(os.sched_getaffinity(0)))


def in_threads(work: Callable[[Item], object], items: Sequence[Item]) -> None:
    """Call ``work`` for each item, several at a time; after an error or an interrupt no other is begun."""
    left = iter(items)  # threads can share the iterator of a list, and end it for each other

    def loop(_: int) -> None:
        try:
            for item in left:
                work(item)
        finally:
            list(left)

    with ThreadPoolExecutor(threads()) as pool:
        try:
            for _ in pool.map(loop, range(threads())):
                pass  # ask for each result: it raises what the work raised
        finally:
            list(left)


def slices(count: int, size: int) -> list[slice]:
    """Consecutive slices of ``size`` of ``count`` rows, the last of what is left."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


@contextmanager
def torch_in_one_thread() -> Iterator[None]:
    """PyTorch computes in the thread that calls it, and in each that is begun meanwhile, without helpers."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
