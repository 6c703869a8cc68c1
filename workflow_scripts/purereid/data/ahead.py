"""Work that is done while the caller is busy with the result of the last."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")


def made_ahead(make: Callable[[Item], Made], items: Iterable[Item], ahead: int = 1) -> Generator[Made, None, None]:
    """What ``make`` makes of each item, in order; up to ``ahead`` more are made in another thread meanwhile.

    An error of ``make`` is raised where its result would come. To close the generator ends the thread, with what it is
    just making.
    """
    pool, coming = ThreadPoolExecutor(max_workers=1), deque()
    try:
        for item in items:
            coming.append(pool.submit(make, item))
            if len(coming) > ahead:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
