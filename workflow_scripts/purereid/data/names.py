"""Names of images that should each stand in a list once."""

from collections.abc import Iterable


def repeated(names: Iterable[str]) -> list[str]:
    """The names that stand in the list before already, in the order of their repetitions; a third time counts again."""
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]
