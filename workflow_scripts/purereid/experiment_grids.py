"""Experiments of the config that stand for several: one for each combination of some values."""

import copy
import re
from itertools import product

from purereid.errors import UserError


def with_grids(experiments: dict) -> tuple[dict, dict[str, list[str]]]:
    """Experiments with those that have a ``grid`` replaced by one for each combination of its values.

    ``grid: {train_reid.margin: [0.3, 0.5]}`` of the experiment ``baseline`` makes ``baseline-margin0_3`` and
    ``baseline-margin0_5``, which are the experiment but for this setting. So comparing two values overwrites neither.

    Args:
        experiments: entries by name, as in the config; not changed.

    Returns:
        entries by name, without ``grid``, in the same order; and, by the name of each grid, those that it stands for.

    Raises:
        UserError: a grid that is no section of lists, or two experiments of one name.
    """
    found: dict = {}
    grids: dict[str, list[str]] = {}
    for name, entry in experiments.items():
        for variant, values in _variants(name, entry):
            if variant in found or (variant != name and variant in experiments):
                what = f"two experiments are called {variant}"
                raise UserError(
                    what, where=f"experiments.{name}", do="rename the experiment, or change the values of its grid"
                )
            found[variant] = values
            if variant != name:
                grids.setdefault(name, []).append(variant)
    return found, grids


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
    words = [
        f"{short}{_word(value)}" for short, value in zip(_short(list(map(str, values))), values.values(), strict=True)
    ]
    return "-".join([str(name), *words]), entry


def _short(paths: list[str]) -> list[str]:
    """Settings by their last word, or by all words but the first where two have the same last."""
    last = [path.rpartition(".")[2] for path in paths]
    return last if len(set(last)) == len(last) else [_word(path.partition(".")[2] or path) for path in paths]


def _word(value: object) -> str:
    """A value as a part of a name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", str(value)).strip("_")
