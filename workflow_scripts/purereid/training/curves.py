"""Curves of a training: one row of means per few steps, as CSV."""

import csv
import math
import time
from pathlib import Path

from purereid.data.atomic import whole_file
from purereid.errors import UserError
from purereid.training.columns import HELD_OUT, SPEED


class Curves:
    """Collects what the steps of a training tell, and makes one row of ``log_every`` steps or the end of an epoch.

    A row holds means over its steps; of scores of held-out images (names that start with ``held_out_``), which change
    when an epoch ends, it holds the last.

    Args:
        trainer: the training, see ``trainer.BaseTrainer``.
        log_every: steps in a row.
        earlier: state of an interrupted training, from its checkpoint.
    """

    def __init__(self, trainer: object, log_every: int, earlier: dict | None = None):
        self.trainer, self.log_every = trainer, log_every
        self.rows, self.parts = (earlier["rows"], earlier["parts"]) if earlier else ([], [])
        self.timed, self.waited, self.began = 0, 0.0, time.perf_counter()

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
            ValueError: other values than the trainer's columns; a mistake of whoever writes it.
        """
        self.parts.append(parts)
        self.timed, self.waited = self.timed + 1, self.waited + waited
        if step % self.log_every and step % self.trainer.steps_per_epoch and step != self.trainer.steps:
            return None
        row = self._row(step)
        unnamed = row.keys() ^ {"step", "epoch", *self.trainer.columns, *SPEED}
        if unnamed:
            raise ValueError(f"columns of the trainer and values of its steps differ in {', '.join(sorted(unnamed))}")
        self.rows.append(row)
        self.parts.clear()
        self.timed, self.waited, self.began = 0, 0.0, time.perf_counter()
        return row

    def state(self) -> dict:
        """Rows, and what is told of the steps after the last."""
        numbers = [{name: float(value) for name, value in parts.items()} for parts in self.parts]
        return {"rows": self.rows, "parts": numbers}

    def write(self, path: Path) -> None:
        """Write a CSV file with the columns step, epoch, ``trainer.columns``, images_per_second, waiting (0..1)."""
        columns = ["step", "epoch", *self.trainer.columns, *SPEED]
        with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in self.rows)

    def _row(self, step: int) -> dict:
        means = {name: sum(float(parts[name]) for parts in self.parts) / len(self.parts) for name in self.parts[0]}
        means |= {name: float(value) for name, value in self.parts[-1].items() if name.startswith(HELD_OUT)}
        if not all(map(math.isfinite, means.values())):
            raise UserError(
                f"the loss is not finite at step {step}: {means}",
                expected="finite numbers",
                do="lower this rule's learning_rate, raise its warmup_epochs, or set its precision to fp32",
            )
        elapsed = time.perf_counter() - self.began
        speed = self.timed * self.trainer.images_per_step / elapsed
        performance = {"images_per_second": speed, "waiting": self.waited / elapsed}
        return {"step": step, "epoch": step / self.trainer.steps_per_epoch, **means, **performance}
