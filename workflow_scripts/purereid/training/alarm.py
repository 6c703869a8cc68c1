"""A training that learns nothing is told."""

import math

from purereid.logs import log


class GuessingAlarm:
    """Warns once if the cross entropy of real images is still that of guessing.

    Args:
        classes: number K of identities.
        after: step from which on it looks.
    """

    def __init__(self, classes: int, after: int):
        self.classes, self.after, self.looked = classes, after, False

    def look(self, step: int, cross_entropy: float) -> None:
        """The first step from ``after`` on decides."""
        if step < self.after or self.looked:
            return
        self.looked = True
        guessing = math.log(self.classes)
        if cross_entropy > 0.97 * guessing:
            log.warning(
                "ALARM: after %d steps the cross entropy is %.3f; guessing among %d classes gives ln K = %.3f. "
                "The model is not learning: check the learning rate, the labels and the images.",
                step,
                cross_entropy,
                self.classes,
                guessing,
            )
