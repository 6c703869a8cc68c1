"""Threads share work, and end it together."""

import os
import threading

import numpy as np
import pytest
import torch

from purereid.threads import in_threads, slices, threads, torch_in_one_thread


@pytest.mark.parametrize(("setting", "expected"), [("3", 3), ("5,2", 5), ("", len(os.sched_getaffinity(0)))])
def test_threads_are_those_of_the_libraries(monkeypatch: pytest.MonkeyPatch, setting: str, expected: int):
    monkeypatch.setenv("OMP_NUM_THREADS", setting)
    assert threads() == expected


@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 3), (10, 4), (12, 4), (3, 100)])
def test_slices_hold_every_row_once(count: int, size: int):
    parts = slices(count, size)
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    assert all(0 < part.stop - part.start <= size and part.stop <= count for part in parts)


@pytest.mark.parametrize("number", ["1", "2", "7"])
def test_threads_share_all_items(monkeypatch: pytest.MonkeyPatch, number: str):
    monkeypatch.setenv("OMP_NUM_THREADS", number)
    rows = np.zeros(1000, int)

    def work(row: int) -> None:
        rows[row] += 1

    in_threads(work, range(1000))
    assert (rows == 1).all()
    in_threads(work, [])


def test_threads_work_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    together = threading.Barrier(3, timeout=60)
    in_threads(lambda _: together.wait(), [0, 1, 2])
    assert not together.broken


def test_after_an_error_nothing_is_begun(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    begun, failed = [], threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        if item == 1:
            failed.set()
            raise ValueError("the second item")
        assert failed.wait(60)
        ended.wait(60)

    ended = threading.Event()
    threading.Timer(0.5, ended.set).start()  # long after the other thread has given up
    with pytest.raises(ValueError, match="the second item"):
        in_threads(work, [0, 1, 2, 3, 4, 5])
    assert sorted(begun) == [0, 1]


def test_torch_has_its_threads_again_afterwards():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        seen = []
        with pytest.raises(ZeroDivisionError), torch_in_one_thread():
            begun = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
            begun.start()
            begun.join()
            seen.append(torch.get_num_threads())
            raise ZeroDivisionError
        assert seen == [1, 1]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
