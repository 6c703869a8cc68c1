"""Learning rates at chosen epochs."""

import pytest

from purereid.errors import UserError
from purereid.training.schedule import learning_rate_factor


def test_bot_schedule():
    def factor(epoch: float) -> float:
        return learning_rate_factor(epoch, epochs=120, schedule="steps", milestones=[40, 70], warmup_epochs=10)

    assert factor(0) == pytest.approx(0.01)
    assert factor(5) == pytest.approx(0.505)
    assert [factor(epoch) for epoch in (10, 39.9, 40, 69.9, 70, 119)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_cosine_falls_from_one_to_zero():
    values = [learning_rate_factor(epoch, epochs=10, schedule="cosine") for epoch in range(11)]
    assert values[0] == 1 and values[5] == pytest.approx(0.5) and values[10] == pytest.approx(0)
    assert values == sorted(values, reverse=True)


def test_constant_is_one_after_warmup():
    assert learning_rate_factor(3, epochs=10, schedule="constant", warmup_epochs=2) == 1


def test_unknown_schedule_is_told():
    with pytest.raises(UserError, match="unknown learning rate schedule 'square'"):
        learning_rate_factor(1, epochs=10, schedule="square")


def test_linear_falls_from_one_to_zero():
    values = [learning_rate_factor(epoch, epochs=10, schedule="linear") for epoch in (0, 1, 5, 10)]
    assert values == pytest.approx([1, 0.9, 0.5, 0])
