"""Results come in order, one of them made ahead."""

import threading

import pytest

from purereid.data.ahead import made_ahead


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_in_order(count: int):
    assert list(made_ahead(lambda item: item * item, range(count))) == [item * item for item in range(count)]


def test_the_next_one_is_made_while_the_caller_has_the_last():
    made = [threading.Event() for _ in range(3)]

    def make(item: int) -> int:
        made[item].set()
        return item

    results = made_ahead(make, range(3))
    assert next(results) == 0 and made[1].wait(10)
    assert not made[2].is_set()
    assert list(results) == [1, 2]


def test_an_error_comes_in_its_place():
    def make(item: int) -> int:
        return 1 // item

    results = made_ahead(make, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
