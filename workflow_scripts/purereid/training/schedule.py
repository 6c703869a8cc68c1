"""Learning rates as plain functions of the step."""

import math
from collections.abc import Callable, Sequence
from functools import partial

from purereid.errors import UserError


def learning_rate_factor(
    step: int,
    steps_per_epoch: int,
    *,
    epochs: int,
    schedule: str = "steps",
    milestones: Sequence[float] = (),
    gamma: float = 0.1,
    warmup_epochs: float = 0,
    warmup_start: float = 0.01,
) -> float:
    """Factor on the base learning rate.

    Published schedules are functions of the number n of an epoch, from 1, in all of whose steps the rate is the same:

    - ``steps``: ``gamma`` to the number of milestones that n has reached.

    Ours change with each step; they are functions of the epochs done, with fraction:

    - ``cosine``: half a cosine from 1 to 0 over all epochs,
    - ``linear``: a line from 1 to 0 over all epochs,
    - ``constant``: 1.

    All of them times a linear warm-up (BoT, Luo et al. 2019, section 3.1) from ``warmup_start`` before the first epoch
    to 1 after ``warmup_epochs``, likewise by epoch or by step: BoT's ten epochs from 0.01 are 0.109, 0.208, ..., 1.

    Args:
        step: number of the step, from 0.
        steps_per_epoch: of all epochs.
        epochs: length of the training.
        schedule: ``steps``, ``cosine``, ``linear`` or ``constant``.
        milestones: numbers of the epochs, from 1, at whose beginning ``steps`` multiplies by gamma.
        gamma: of ``steps``.
        warmup_epochs: length of the warm-up.
        warmup_start: factor that the warm-up starts from.

    Raises:
        UserError: unknown schedule.
    """
    epoch = step // steps_per_epoch + 1 if schedule == "steps" else step / steps_per_epoch
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


def scheduled(settings: dict, steps_per_epoch: int) -> Callable[[int], float]:
    """The factor as a function of the step.

    Args:
        settings: those of ``learning_rate_factor``; what is missing has its default.
        steps_per_epoch: of all epochs.
    """
    names = ("epochs", "schedule", "milestones", "gamma", "warmup_epochs", "warmup_start")
    options = {name: settings[name] for name in names if name in settings}
    return partial(learning_rate_factor, steps_per_epoch=steps_per_epoch, **options)


def constant(step: int) -> float:
    """The factor of a rate that does not change, 1 at each step."""
    return 1.0
