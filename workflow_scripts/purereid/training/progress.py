"""Progress of a training: lines in log and terminal, TensorBoard events, a warning where others take the cores."""

import shutil
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from purereid.logs import log
from purereid.training.columns import SPEED
from purereid.training.contention import Contention
from purereid.training.distributed import rank

SECONDS = 5.0  # a line is printed at most this often


class Progress:
    """Shows the rows of the curves of a training while they come; only the first of several processes does.

    As a context manager it opens the TensorBoard events.

    Args:
        trainer: the training, see ``trainer.BaseTrainer``.
        folder: of the events.
        done: steps done before, when the training was interrupted.
    """

    def __init__(self, trainer: object, folder: Path, done: int):
        self.trainer, self.folder, self.done = trainer, folder, done
        self.began, self.printed, self.events = time.perf_counter(), 0.0, None
        self.contention = Contention()

    def __enter__(self) -> "Progress":
        if rank() == 0:
            if not self.done:
                shutil.rmtree(self.folder, ignore_errors=True)
            self.events = SummaryWriter(str(self.folder), purge_step=self.done + 1)
        return self

    def __exit__(self, *_: object) -> None:
        if self.events:
            self.events.close()

    def show(self, row: dict) -> None:
        """Add a row to the events, and print it if the last line is old or the training ends."""
        if not self.events:
            return
        for name in sorted(row.keys() - {"step", "epoch"}):
            self.events.add_scalar(name, row[name], row["step"])
        now = time.perf_counter()
        if now - self.printed >= SECONDS or row["step"] == self.trainer.steps:
            left = (self.trainer.steps - row["step"]) * (now - self.began) / (row["step"] - self.done)
            log.info("%s", self._line(row, left))
            self.printed = now
            self.contention.look()

    def _line(self, row: dict, left: float) -> str:
        parts = " ".join(f"{key} {value:.4g}" for key, value in row.items() if key not in ("step", "epoch", *SPEED))
        return (
            f"step {row['step']}/{self.trainer.steps} epoch {row['epoch']:.1f} | {parts} | "
            f"{row['images_per_second']:.0f} images/s, {row['waiting']:.0%} waiting, {_clock(left)} left"
        )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
