"""A training tells once that others take its cores."""

import logging
import time

import pytest

from purereid.training.contention import SECONDS, Contention, thread_times

S = 10**9  # nanoseconds


class Machine:
    """A clock, and threads that compute and wait as they are told."""

    def __init__(self):
        self.seconds, self.threads = 0.0, {"1": (5 * S, 0), "2": (0, 70 * S)}  # before the training

    def go_on(self, seconds: float, **spent: tuple[float, float]) -> None:
        """Let time pass; each thread is for some of it on a core, and for some of it ready to be."""
        self.seconds += seconds
        for thread, (used, waited) in spent.items():
            before = self.threads.get(thread[1:], (0, 0))
            self.threads[thread[1:]] = before[0] + int(used * S), before[1] + int(waited * S)

    def watched(self, threads: int = 2) -> Contention:
        return Contention(threads, lambda: self.seconds, lambda: dict(self.threads))


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_threads_that_wait_for_cores_are_told_once(machine: Machine, caplog: pytest.LogCaptureFixture):
    watch = machine.watched()
    machine.go_on(40, t1=(20, 20), t2=(16, 24))
    watch.look()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "for 40 s the 2 threads of this training got 45 %" in record.message
    machine.go_on(40, t1=(1, 39))
    watch.look()
    assert len(caplog.records) == 1


def test_a_thread_that_began_meanwhile_counts(machine: Machine, caplog: pytest.LogCaptureFixture):
    watch = machine.watched()
    machine.go_on(40, t1=(20, 0), t3=(5, 25))
    watch.look()
    assert "got 50 % of the time" in caplog.records[0].message


@pytest.mark.parametrize("spent", [{}, {"t1": (39, 1), "t2": (30, 9)}, {"t1": (0.4, 0), "t2": (0.2, 0.1)}])
def test_threads_that_lack_no_core_are_not_told_of(machine: Machine, caplog: pytest.LogCaptureFixture, spent: dict):
    """Nor those that sleep for most of the time, because they wait for data or for each other."""
    watch = machine.watched()
    machine.go_on(40, **spent)
    watch.look()
    assert not caplog.records


def test_a_short_time_says_nothing_and_each_time_is_judged_by_itself(
    machine: Machine, caplog: pytest.LogCaptureFixture
):
    watch = machine.watched()
    machine.go_on(SECONDS - 1, t1=(1, 28))
    watch.look()
    assert not caplog.records
    machine.go_on(300, t1=(299, 1), t2=(299, 1))
    watch.look()
    assert not caplog.records
    machine.go_on(SECONDS + 1, t1=(1, 28))
    watch.look()
    assert len(caplog.records) == 1


def test_one_thread_waits_for_no_other(machine: Machine, caplog: pytest.LogCaptureFixture):
    watch = machine.watched(threads=1)
    machine.go_on(40, t1=(1, 39))
    watch.look()
    assert not caplog.records


def test_a_system_that_does_not_tell(caplog: pytest.LogCaptureFixture):
    seconds = [0.0]
    watch = Contention(2, lambda: seconds[0], dict)
    seconds[0] = 40.0
    watch.look()
    assert not caplog.records


def test_the_times_of_this_process():
    before = thread_times()
    if not before:
        pytest.skip("the kernel does not tell how long threads wait for cores")
    began = time.process_time()
    while time.process_time() - began < 0.2:
        pass
    spent = [used - before.get(thread, (0, 0))[0] for thread, (used, _) in thread_times().items()]
    assert sum(spent) >= 0.19 * S
