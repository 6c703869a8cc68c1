"""How many images experiments trained on."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from purereid.reid.training_rows import training_rows


def training_images(indexes: Sequence[Path], experiments: Sequence[dict[str, object]]) -> list[dict[str, int]]:
    """What each experiment trained on.

    Args:
        indexes: what the experiments trained on, in their order.
        experiments: splits and held_out (of the training); uses_generated (bool, whether generated images were trained
            on); indexes, how many are its own (default: one): where each seed has a generator of its own, each has one.

    Returns:
        of each real (images), identities (with a real image), identities_several (with more than one), generated
        (images); of several indexes the means, rounded.

    Raises:
        ValueError: not as many indexes as the experiments have.
    """
    numbers, left, found = [each.get("indexes", 1) for each in experiments], iter(indexes), []
    if sum(numbers) != len(indexes):
        raise ValueError(f"{len(indexes)} indexes do not fit {len(experiments)} experiments")
    for each, number in zip(experiments, numbers, strict=True):
        counts = pd.DataFrame([_counted(index, each) for index in islice(left, number)])
        found.append({name: round(mean) for name, mean in counts.mean().items()})
    return found


def _counted(index: Path, experiment: dict[str, object]) -> dict[str, int]:
    rows = training_rows(index, experiment["splits"], experiment["held_out"])
    made = rows["kind"] == "generated"
    counts = rows.loc[~made, "pid"].value_counts()
    return {
        "real": int((~made).sum()),
        "identities": len(counts),
        "identities_several": int((counts > 1).sum()),
        "generated": int(made.sum()) if experiment["uses_generated"] else 0,
    }
