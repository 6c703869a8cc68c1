"""Learning rates of chosen steps and epochs."""

import pytest

from purereid.errors import UserError
from purereid.training.schedule import learning_rate_factor

STEPS = 7  # per epoch


def factors(epoch: int, **options: object) -> list[float]:
    """Factors of all steps of an epoch, counted from 1."""
    steps = range((epoch - 1) * STEPS, epoch * STEPS)
    return [learning_rate_factor(step, STEPS, **options) for step in steps]


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(1, 0.109), (2, 0.208), (9, 0.901), (10, 1), (39, 1), (40, 0.1), (69, 0.1), (70, 0.01), (120, 0.01)],
)
def test_bot_schedule(epoch: int, factor: float):
    found = factors(epoch, epochs=120, schedule="steps", milestones=[40, 70], warmup_epochs=10)
    assert found == pytest.approx([factor] * STEPS)


@pytest.mark.parametrize(
    ("epoch", "factor"), [(1, 0.75), (2, 1), (3, 1), (4, 0.6), (5, 0.6), (6, 0.36), (17, 0.6**7), (18, 0.6**8)]
)
def test_schedule_of_the_published_gcn(epoch: int, factor: float):
    options = {"epochs": 20, "milestones": [4, 6, 8, 10, 12, 14, 16, 18], "gamma": 0.6}
    found = factors(epoch, schedule="steps", warmup_epochs=2, warmup_start=0.5, **options)
    assert found == pytest.approx([factor] * STEPS)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_warmup_of_the_others_goes_on_within_epochs(schedule: str):
    options = {"epochs": 10, "schedule": schedule}
    found = factors(1, warmup_epochs=2, warmup_start=0.2, **options)
    ramp = [0.2 + 0.8 * step / (2 * STEPS) for step in range(STEPS)]
    expected = [start * factor for start, factor in zip(ramp, factors(1, **options), strict=True)]
    assert found == pytest.approx(expected)
    assert factors(3, warmup_epochs=2, warmup_start=0.2, **options) == factors(3, **options)


def test_cosine_falls_from_one_to_zero():
    values = [learning_rate_factor(step, 2, epochs=5, schedule="cosine") for step in range(11)]
    assert values[0] == 1 and values[5] == pytest.approx(0.5) and values[10] == pytest.approx(0)
    assert values == sorted(values, reverse=True)


def test_linear_falls_from_one_to_zero():
    values = [learning_rate_factor(step, 2, epochs=5, schedule="linear") for step in (0, 1, 5, 10)]
    assert values == pytest.approx([1, 0.9, 0.5, 0])


def test_constant_is_one():
    assert {learning_rate_factor(step, 2, epochs=5, schedule="constant") for step in range(11)} == {1}


def test_unknown_schedule_is_told():
    with pytest.raises(UserError, match="unknown learning rate schedule 'square'"):
        learning_rate_factor(1, 10, epochs=10, schedule="square")
