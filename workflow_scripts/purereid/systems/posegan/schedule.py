"""How learning rate and losses change over the epochs, as plain functions."""

from purereid.training.schedule import learning_rate_factor

# of the published code, numbers of epochs from 1; nearly all learning happens before epoch 400 of 1,800
MILESTONES = (30, 60, 90, 120, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1400, 1600)
GAMMA = 0.6


def rate_factor(step: int, steps_per_epoch: int, *, epochs: int, schedule: str, warmup_epochs: float) -> float:
    """Factor on the learning rate after a linear warm-up from 0.01, see ``learning_rate_factor``.

    Args:
        step: number of the step, from 0.
        steps_per_epoch: of all epochs.
        epochs: length of the training.
        schedule: ``published`` (x 0.6 at each of 17 milestones, whatever the length), ``linear`` or ``cosine`` to 0,
            ``constant``.
        warmup_epochs: length of the warm-up.
    """
    steps = {"schedule": "steps", "milestones": MILESTONES, "gamma": GAMMA}
    chosen = steps if schedule == "published" else {"schedule": schedule}
    return learning_rate_factor(step, steps_per_epoch, epochs=epochs, warmup_epochs=warmup_epochs, **chosen)


def identity_factor(epoch: float, start: float, end: float) -> float:
    """Factor on the identity loss: 0 up to epoch ``start``, then linearly to 1 at ``end`` (published: 50 and 150).

    Args:
        epoch: number of the running epoch, counted from 1.
    """
    return min(max((epoch - start) / max(end - start, 1e-9), 0.0), 1.0)
