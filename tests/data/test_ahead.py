"""Results come in order, some of them made ahead."""

import threading

import pytest

from purereid.data.ahead import made_ahead


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_results_in_order(count: int, ahead: int):
    results = made_ahead(lambda item: item * item, range(count), ahead)
    assert list(results) == [item * item for item in range(count)]


@pytest.mark.parametrize("ahead", [1, 2])
def test_the_next_ones_are_made_while_the_caller_has_the_last(ahead: int):
    made = [threading.Event() for _ in range(ahead + 2)]

    def make(item: int) -> int:
        made[item].set()
        return item

    results = made_ahead(make, range(ahead + 2), ahead)
    assert next(results) == 0 and all(event.wait(60) for event in made[: ahead + 1])
    assert not made[-1].is_set()
    assert list(results) == [*range(1, ahead + 2)]


def test_closing_ends_the_thread_and_makes_no_more():
    made, go_on = [], threading.Event()

    def make(item: int) -> int:
        made.append(item)
        if item:
            begun.set()
            assert go_on.wait(60)
        return item

    begun = threading.Event()
    threads = set(threading.enumerate())
    results = made_ahead(make, range(9), ahead=3)
    assert next(results) == 0 and begun.wait(60)
    threading.Timer(0.3, go_on.set).start()  # long after the others are cancelled
    results.close()
    assert made == [0, 1]
    assert not {thread for thread in set(threading.enumerate()) - threads if not isinstance(thread, threading.Timer)}


def test_an_error_comes_in_its_place():
    def make(item: int) -> int:
        return 1 // item

    results = made_ahead(make, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
