"""Weights of losses that join a training late."""


def ramp(step: int, start: int, growth: int, cap: float) -> float:
    """A line from 0 in the step ``start`` that rises by 1 in ``growth`` steps, up to a cap.

    Args:
        step: number of the step, from 0.
        start: last step in which it is 0.
        growth: steps in which it rises by 1, at least 1.
        cap: largest value.
    """
    return min(cap, max(0, step - start) / growth)


def late_weight(step: int, start: int, growth: int, cap: float) -> float:
    """Weight of a loss in a step: the ramp, once it was above 0 in the step before.

    So it is in the published code, which decides whether a loss is computed before it raises the weight. With its
    start of 30,000 and growth of 2,000 the first weight is 0.001, in step 30,002.
    """
    return ramp(step, start, growth, cap) if ramp(step - 1, start, growth, cap) > 0 else 0.0
