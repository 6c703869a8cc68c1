"""The signals that ask a process to end: SIGTERM, and SIGINT of Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def heed(handler: Callable) -> dict[int, object]:
    """Let both signals call a handler; returns the handlers of before.

    Outside the main thread nothing can be set. A signal that is ignored stays so: whoever started this process wants
    that, as a shell does that starts one in the background.

    Args:
        handler: called with the signal's number and the interrupted frame.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    heeded = [each for each in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(each) != signal.SIG_IGN]
    return {each: signal.signal(each, handler) for each in heeded}


@contextmanager
def heeding(handler: Callable) -> Iterator[None]:
    """Inside, both signals call a handler, as with ``heed``."""
    before = heed(handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def later() -> Iterator[None]:
    """Inside, both signals wait; at the end the last one that came is heeded."""
    came = []
    with heeding(lambda number, _: came.append(number)):
        yield
    if came:
        signal.raise_signal(came[-1])
