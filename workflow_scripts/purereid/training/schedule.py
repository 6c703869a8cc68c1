"""Learning rates as plain functions of the step."""

import math
from collections.abc import Sequence

from purereid.errors import UserError


def learning_rate_factor(
    epoch: float,
    *,
    epochs: int,
    schedule: str = "steps",
    milestones: Sequence[float] = (),
    gamma: float = 0.1,
    warmup_epochs: float = 0,
    warmup_start: float = 0.01,
) -> float:
    """Factor on the base learning rate.

    Linear warm-up from ``warmup_start`` to 1 over the first epochs (BoT, Luo et al. 2019, section 3.1), times

    - ``steps``: ``gamma`` to the number of milestones passed,
    - ``cosine``: half a cosine from 1 to 0 over all epochs,
    - ``linear``: a line from 1 to 0 over all epochs,
    - ``constant``: 1.

    Args:
        epoch: epochs done so far, with fraction, 0 <= epoch <= epochs.
        epochs: length of the training.
        schedule: ``steps``, ``cosine``, ``linear`` or ``constant``.
        milestones: epochs at which ``steps`` multiplies by gamma.

    Raises:
        UserError: unknown schedule.
    """
    warmup = 1.0 if epoch >= warmup_epochs else warmup_start + (1 - warmup_start) * epoch / warmup_epochs
    if schedule == "steps":
        return warmup * gamma ** sum(epoch >= milestone for milestone in milestones)
    if schedule == "cosine":
        return warmup * 0.5 * (1 + math.cos(math.pi * min(epoch / epochs, 1.0)))
    if schedule == "linear":
        return warmup * (1 - min(epoch / epochs, 1.0))
    if schedule == "constant":
        return warmup
    raise UserError(f"unknown learning rate schedule {schedule!r}", expected="steps, cosine, linear or constant")
