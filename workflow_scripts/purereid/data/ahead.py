"""Work that is done while the caller is busy with the result of the last."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")


def made_ahead(make: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """What ``make`` makes of each item, in order; the next one is made in another thread meanwhile.

    An error of ``make`` is raised where its result would come.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = None
        for item in items:
            done, coming = coming, pool.submit(make, item)
            if done:
                yield done.result()
        if coming:
            yield coming.result()
