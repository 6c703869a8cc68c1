"""Progress of a training: lines in log and terminal, curves as CSV, TensorBoard events."""

import csv
import shutil
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from purereid.data.atomic import whole_file
from purereid.logs import log

PERFORMANCE = ("images_per_second", "waiting")


class Progress:
    """Collect the parts of the loss over some steps, then write one row.

    Args:
        steps: length of the training.
        steps_per_epoch: for the epoch column.
        images_per_step: for images per second.
        events: folder of the TensorBoard events; rows after the first step of a resumed training are replaced.
        rows: rows of an interrupted training, from its checkpoint.
        seconds: a line is printed at most this often.
    """

    def __init__(
        self,
        steps: int,
        steps_per_epoch: int,
        images_per_step: int,
        events: Path,
        rows: list[dict],
        seconds: float = 5.0,
    ):
        self.steps, self.steps_per_epoch, self.images_per_step = steps, steps_per_epoch, images_per_step
        self.rows, self.seconds = rows, seconds
        self.first = self.done = rows[-1]["step"] if rows else 0
        if not rows:
            shutil.rmtree(events, ignore_errors=True)
        self.events = SummaryWriter(str(events), purge_step=self.done + 1)
        self.began = self.row_began = time.perf_counter()
        self.printed = self.waited = 0.0

    def write(self, step: int, parts: dict[str, float], waited: float) -> None:
        """Add one row: means since the last one.

        Args:
            step: steps done, from 1.
            parts: loss parts, accuracy, learning rate.
            waited: seconds spent waiting for data since the last row.
        """
        now = time.perf_counter()
        elapsed = now - self.row_began
        speed = (step - self.done) * self.images_per_step / elapsed
        row = {"step": step, "epoch": step / self.steps_per_epoch, **parts}
        row |= {"images_per_second": speed, "waiting": waited / elapsed}
        self.rows.append(row)
        for name in row.keys() - {"step", "epoch"}:
            self.events.add_scalar(name, row[name], step)
        if now - self.printed >= self.seconds or step == self.steps:
            log.info("%s", self._line(row, (self.steps - step) * (now - self.began) / (step - self.first)))
            self.printed = now
        self.done, self.row_began = step, now

    def close(self, curves: Path, columns: list[str]) -> None:
        """Write the curves; a training of no steps has a header only."""
        self.events.close()
        write_curves(curves, self.rows, columns)

    def _line(self, row: dict, left: float) -> str:
        parts = " ".join(
            f"{key} {value:.4g}" for key, value in row.items() if key not in ("step", "epoch", *PERFORMANCE)
        )
        return (
            f"step {row['step']}/{self.steps} epoch {row['epoch']:.1f} | {parts} | "
            f"{row['images_per_second']:.0f} images/s, {row['waiting']:.0%} waiting, {_clock(left)} left"
        )


def write_curves(path: Path, rows: list[dict], columns: list[str]) -> None:
    """Write rows as CSV with the columns step, epoch, ``columns``, images_per_second, waiting."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["step", "epoch", *columns, *PERFORMANCE], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in rows)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
