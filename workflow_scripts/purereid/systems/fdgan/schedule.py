"""How FD-GAN's learning rates change over the epochs of stages II and III."""

from purereid.training.schedule import learning_rate_factor


def rate_factor(step: int, steps_per_epoch: int, *, epochs: int, schedule: str, flat_epochs: int) -> float:
    """Factor on the learning rate.

    ``published``: 1, then a straight line that is 0 in the last epoch: with n, the number of the epoch from 1,
    1 - max(0, n + 1 - flat_epochs) / (epochs - flat_epochs + 1). All steps of an epoch have the same rate. The line
    begins in the epoch ``flat_epochs``, and the last epoch changes nothing: so it is in the published code. A training
    of a few epochs had better take another schedule.

    Args:
        step: number of the step, from 0.
        steps_per_epoch: of all epochs.
        epochs: length of the training.
        schedule: ``published``, ``linear`` or ``cosine`` to 0 by step, ``constant``.
        flat_epochs: of ``published``, half of all there; with more than ``epochs`` the rate is constant.
    """
    if schedule != "published":
        return learning_rate_factor(step, steps_per_epoch, epochs=epochs, schedule=schedule)
    number = step // steps_per_epoch + 1
    return 1 - max(0, number + 1 - flat_epochs) / (max(0, epochs - flat_epochs) + 1)
