"""The published schedule of FD-GAN's learning rates."""


def rate_factor(step: int, steps_per_epoch: int, *, epochs: int, flat_epochs: int) -> float:
    """1, then a straight line that is 0 in the last epoch: 1 - max(0, n + 1 - flat) / (epochs - flat + 1), n from 1.

    All steps of an epoch have the same rate. The line begins in the epoch ``flat_epochs``, as in the published code,
    whose last epoch changes nothing either.

    Args:
        step: number of the step, from 0.
        steps_per_epoch: of all epochs.
        epochs: length of the training.
        flat_epochs: published: half of them.
    """
    number = step // steps_per_epoch + 1
    return 1 - max(0, number + 1 - flat_epochs) / (max(0, epochs - flat_epochs) + 1)
