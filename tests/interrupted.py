"""A training that is interrupted."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def stopped_at(trainer: type, step: int, method: str = "update") -> Iterator[None]:
    """Inside, trainings of a class are interrupted when they come to a step, and one must be."""
    whole = getattr(trainer, method)

    def stopping(self: object, number: int, batch: object) -> dict:
        if number == step:
            raise KeyboardInterrupt
        return whole(self, number, batch)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer, method, stopping)
        yield
