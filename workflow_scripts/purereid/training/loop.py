"""The loop that every trainer shares: steps, checkpoints, resume, curves.

The data and the random draws of a step depend on the seed and the step's number alone. A training that goes on from
a checkpoint therefore ends with the same bytes as one that was never interrupted, and no state of a random
generator or of a data loader is ever stored.
"""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import torch

from purereid.data import checkpoint
from purereid.data.ahead import made_ahead
from purereid.errors import UserError
from purereid.logs import log
from purereid.signals import heeding
from purereid.training.curves import Curves
from purereid.training.distributed import rank
from purereid.training.making import CHECKPOINT
from purereid.training.progress import Progress
from purereid.training.seeds import step_seed
from purereid.training.trainer import BaseTrainer

SHARE = 20  # a checkpoint takes at most a twentieth of the time


def train(trainer: BaseTrainer, *, seed: int, stamp: str, curves: Path, log_every: int = 10) -> None:
    """Run a training to its end, from its checkpoint where there is one.

    The checkpoint ``checkpoint.safetensors`` lies beside the curves; it is written at the end of epochs (of each, where
    that takes little of the time) and on SIGTERM or SIGINT, which end it after the running step, and removed by
    ``making``.

    Args:
        trainer: the training.
        seed: seed of the random draws inside steps (dropout and the like).
        stamp: digest of everything that decides the result; a checkpoint with another stamp is not used.
        curves: CSV file that is written at the end.
        log_every: steps per row of the curves.

    Raises:
        UserError: the loss is not finite.
    """
    curves = Path(curves)
    file = curves.with_name(CHECKPOINT)
    start, earlier = _resume(trainer, file, stamp)
    steps, pause, table = range(start, trainer.steps), _Pause(), Curves(trainer, log_every, earlier)
    with (
        Progress(trainer, curves.with_name("tensorboard"), start) as progress,
        _interruptible() as interrupted,
        closing(made_ahead(trainer.batch, steps, ahead=2)) as batches,
    ):
        for step in steps:
            began = time.perf_counter()
            batch = next(batches)
            waited = time.perf_counter() - began
            torch.manual_seed(step_seed(seed, step))
            row = table.add(step + 1, trainer.step(step, batch), waited)
            if row:
                progress.show(row)
                trainer.watch(row)
            epoch_ends = (step + 1) % trainer.steps_per_epoch == 0
            if step + 1 < trainer.steps and ((epoch_ends and pause.over()) or interrupted.is_set()):
                if rank() == 0:
                    state = {"step": step + 1, "curves": table.state(), "trainer": trainer.state()}
                    with pause.measured():
                        checkpoint.save(file, state, stamp=stamp)
                if interrupted.is_set():
                    log.info("stopped at step %d; the next run goes on from there", step + 1)
                    raise SystemExit(128 + signal.SIGTERM)
    if rank() == 0:
        table.write(curves)


def _resume(trainer: BaseTrainer, file: Path, stamp: str) -> tuple[int, dict | None]:
    if not file.exists():
        return 0, None
    try:
        state, header = checkpoint.load(file)
    except UserError as error:
        log.info("checkpoint is damaged, starting again: %s", error)
        return 0, None
    if header.get("stamp") != stamp:
        log.info("checkpoint is of other settings, code, data or threads, starting again: %s", file)
        return 0, None
    trainer.restore(state["trainer"])
    log.info("going on from step %d of %d: %s", state["step"], trainer.steps, file)
    return state["step"], state["curves"]


class _Pause:
    """Time between two checkpoints: at least 20 times as long as one takes."""

    def __init__(self):
        self.saved, self.took = -math.inf, 0.0

    def over(self) -> bool:
        return time.perf_counter() - self.saved >= SHARE * self.took

    @contextmanager
    def measured(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.saved = time.perf_counter()
        self.took = self.saved - began


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, so that a job that is to end saves its state; a second Ctrl-C ends it."""
    event = threading.Event()

    def stop(number: int, _: object) -> None:
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()

    with heeding(stop):
        yield event
