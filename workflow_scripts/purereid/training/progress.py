"""Progress of a training: lines in log and terminal, curves as CSV, TensorBoard events."""

import csv
import math
import shutil
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from purereid.data.atomic import whole_file
from purereid.errors import UserError
from purereid.logs import log
from purereid.training.columns import HELD_OUT, SPEED
from purereid.training.distributed import rank

SECONDS = 5.0  # a line is printed at most this often


class Progress:
    """Collects what the steps of a training tell, and makes one row of ``log_every`` steps or the end of an epoch.

    A row holds means over its steps; of scores of held-out images (names that start with ``held_out_``), which change
    when an epoch ends, it holds the last. As a context manager it opens the TensorBoard events (folder ``tensorboard``
    beside the curves) and writes the curves where the training came to its end. Only the first of several processes
    writes anything.

    Args:
        trainer: the training, see ``trainer.BaseTrainer``.
        curves: CSV file with the columns step, epoch, ``trainer.columns``, images_per_second, waiting (share 0..1).
        rows: rows of an interrupted training, from its checkpoint.
        log_every: steps in a row.
    """

    def __init__(self, trainer: object, curves: Path, rows: list[dict], log_every: int):
        self.trainer, self.curves, self.rows, self.log_every = trainer, curves, rows, log_every
        self.first = self.done = rows[-1]["step"] if rows else 0
        self.parts, self.waited, self.printed = [], 0.0, 0.0
        self.began = self.row_began = time.perf_counter()
        self.events = None

    def __enter__(self) -> "Progress":
        if rank() == 0:
            folder = self.curves.with_name("tensorboard")
            if not self.rows:
                shutil.rmtree(folder, ignore_errors=True)
            self.events = SummaryWriter(str(folder), purge_step=self.done + 1)
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if self.events:
            self.events.close()
            if kind is None:
                self._write_curves()

    def add(self, step: int, parts: dict, waited: float) -> dict | None:
        """Take in one step.

        Args:
            step: steps done, from 1.
            parts: loss parts and other values, one number each.
            waited: seconds spent waiting for the step's data.

        Returns:
            the new row, if one is complete.

        Raises:
            UserError: a value is not finite.
        """
        self.parts.append(parts)
        self.waited += waited
        if step % self.log_every and step % self.trainer.steps_per_epoch and step != self.trainer.steps:
            return None
        row = self._row(step)
        self.rows.append(row)
        if self.events:
            self._show(row)
        self.done, self.waited, self.row_began = step, 0.0, time.perf_counter()
        self.parts.clear()
        return row

    def _row(self, step: int) -> dict:
        means = {name: sum(float(parts[name]) for parts in self.parts) / len(self.parts) for name in self.parts[0]}
        means |= {name: float(value) for name, value in self.parts[-1].items() if name.startswith(HELD_OUT)}
        if not all(map(math.isfinite, means.values())):
            raise UserError(
                f"the loss is not finite at step {step}: {means}",
                expected="finite numbers",
                do="lower this rule's learning_rate, raise its warmup_epochs, or set its precision to fp32",
            )
        elapsed = time.perf_counter() - self.row_began
        speed = (step - self.done) * self.trainer.images_per_step / elapsed
        performance = {"images_per_second": speed, "waiting": self.waited / elapsed}
        return {"step": step, "epoch": step / self.trainer.steps_per_epoch, **means, **performance}

    def _show(self, row: dict) -> None:
        for name in sorted(row.keys() - {"step", "epoch"}):
            self.events.add_scalar(name, row[name], row["step"])
        now = time.perf_counter()
        if now - self.printed >= SECONDS or row["step"] == self.trainer.steps:
            left = (self.trainer.steps - row["step"]) * (now - self.began) / (row["step"] - self.first)
            log.info("%s", self._line(row, left))
            self.printed = now

    def _line(self, row: dict, left: float) -> str:
        parts = " ".join(f"{key} {value:.4g}" for key, value in row.items() if key not in ("step", "epoch", *SPEED))
        return (
            f"step {row['step']}/{self.trainer.steps} epoch {row['epoch']:.1f} | {parts} | "
            f"{row['images_per_second']:.0f} images/s, {row['waiting']:.0%} waiting, {_clock(left)} left"
        )

    def _write_curves(self) -> None:
        columns = ["step", "epoch", *self.trainer.columns, *SPEED]
        with whole_file(self.curves) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in self.rows)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
