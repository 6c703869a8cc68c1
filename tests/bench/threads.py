"""Steps of the small ResNet on one thread and on two, beside processes that keep cores busy; the floor is one thread.

Threads that wait for each other sleep, as in jobs, or turn in a loop for a while, as PyTorch's do by themselves. How
they wait is settled when PyTorch is loaded, hence a process for each way.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from multiprocessing import get_context
from unittest.mock import patch

import torch

from bench.comparison import Row, Way, compare
from bench.cost import Cost, measured
from purereid.openmp import ASLEEP, HOW_TO_WAIT
from purereid.systems.bot.networks import Encoder

NAMES = ("steps", "processes")  # processes: that want the cores, the one that is measured among them
TINY = (1, 2)
SMALL, FULL = [(2, 1), (2, 2), (2, 3)], [(20, 1), (20, 2), (20, 3)]
WAYS = {
    "one thread": {"OMP_NUM_THREADS": "1"} | ASLEEP,
    "purereid, two threads": {"OMP_NUM_THREADS": "2"} | ASLEEP,
    "two threads as by default": {"OMP_NUM_THREADS": "2"},
}
BATCH = 32


def comparisons(steps: int, processes: int) -> Iterator[list[Row]]:
    """Each way in a process of its own, which waits while the others work."""
    with ExitStack() as stack:
        started = {way: stack.enter_context(process_with(variables)) for way, variables in WAYS.items()}
        for process in started.values():
            process.submit(train, 1).result()  # load what there is
        ways = {way: Way(steps, partial(beside, processes - 1, process, steps)) for way, process in started.items()}
        size = f"{BATCH} images a step, {processes - 1} busy processes beside"
        yield compare("threads", size, "steps", ways)


@contextmanager
def process_with(variables: dict[str, str]) -> Iterator[ProcessPoolExecutor]:
    """A process with these variables, and no others about threads of OpenMP, in its environment."""
    kept = {name: value for name, value in os.environ.items() if name not in HOW_TO_WAIT}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with patch.dict(os.environ, kept | variables, clear=True):
            pool.submit(int).result()  # it begins with the first task
        yield pool


def beside(busy: int, process: ProcessPoolExecutor, steps: int) -> Cost:
    """What steps in a process cost while others are busy."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        return process.submit(train, steps).result()
    finally:
        for other in others:
            other.kill()
            other.wait()


def train(steps: int) -> Cost:
    """What steps cost in this process."""
    step = stepper()
    return measured(lambda: [step() for _ in range(steps)])


@cache
def stepper() -> Callable[[], None]:
    """A step with a network and a batch that stay."""
    torch.manual_seed(0)
    shape = {"backbone": "resnet_small", "last_stride": 1, "bnneck": True, "height": 128, "width": 64}
    network, batch = Encoder(pids=[1, 2], **shape).train(), torch.rand(BATCH, 3, 128, 64)
    optimiser = torch.optim.Adam(network.parameters())

    def step() -> None:
        optimiser.zero_grad()
        network.backbone(batch).square().mean().backward()
        optimiser.step()

    return step
