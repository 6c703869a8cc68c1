"""Experiments of the config that stand for several: one for each combination of some values."""

import copy
import re
from itertools import product

from purereid.errors import UserError


def with_grids(experiments: dict) -> dict:
    """Experiments with those that have a ``grid`` replaced by one for each combination of its values.

    ``grid: {train_reid.margin: [0.3, 0.5]}`` of the experiment ``baseline`` makes ``baseline-margin0_3`` and
    ``baseline-margin0_5``, which are the experiment but for this setting. So comparing two values overwrites neither.

    Args:
        experiments: entries by name, as in the config; not changed.

    Returns:
        entries by name, without ``grid``, in the same order.

    Raises:
        UserError: a grid that is no section of lists, or two experiments of one name.
    """
    found: dict = {}
    for name, entry in experiments.items():
        for variant, values in _variants(name, entry):
            if variant in found or (variant != name and variant in experiments):
                what = f"two experiments are called {variant}"
                raise UserError(what, where=f"experiments.{name}", do="rename the experiment, or change its grid")
            found[variant] = values
    return found


def _variants(name: str, entry: object) -> list[tuple[str, object]]:
    if not isinstance(entry, dict) or "grid" not in entry:
        return [(name, entry)]
    grid = entry["grid"]
    lists = isinstance(grid, dict) and grid and all(isinstance(values, list) and values for values in grid.values())
    if not lists:
        raise UserError(
            f"unusable grid {grid!r}",
            where=f"experiments.{name}.grid",
            expected="settings with lists of values, such as train_reid.margin: [0.3, 0.5]",
        )
    rest = {key: value for key, value in entry.items() if key != "grid"}
    return [_variant(name, rest, dict(zip(grid, values, strict=True))) for values in product(*grid.values())]


def _variant(name: str, rest: dict, values: dict[str, object]) -> tuple[str, dict]:
    entry = copy.deepcopy(rest)
    for path, value in values.items():
        *sections, last = str(path).split(".")
        part = entry
        for section in sections:
            part = part.setdefault(section, {})
            if not isinstance(part, dict):
                where = f"experiments.{name}.grid"
                raise UserError(f"{path} is no setting: {section} has none", where=where)
        part[last] = value
    words = [f"{str(path).rpartition('.')[2]}{_word(value)}" for path, value in values.items()]
    return "-".join([name, *words]), entry


def _word(value: object) -> str:
    """A value as a part of a name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", str(value)).strip("_")
