"""Items in lists of a fixed length."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items in their order; the last may be shorter, none is empty."""
    items = iter(items)
    while chunk := list(islice(items, size)):
        yield chunk
