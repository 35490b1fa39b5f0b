"""Work in threads: the same in the same order, few at a time, errors where they belong, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from threading import Event

import pytest

from dicetalk import threads
from dicetalk.threads import Ahead, Behind, Promise


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    wait_until(lambda: threading.active_count() == before)


def wait_until(true: Callable[[], bool]) -> None:
    """For a thread that is ending by itself, 10 s at most."""
    end = Event()
    assert any(true() or end.wait(0.01) for _ in range(1000))


def numbers(until: int, made: list[int], closed: Event) -> Iterator[int]:
    try:
        for i in range(until):
            made.append(i)
            yield i
    finally:
        closed.set()


def test_all_comes_in_order_from_another_thread() -> None:
    with Ahead(threading.current_thread().name for _ in range(3)) as names:
        assert threading.current_thread().name not in list(names)
    with Ahead(iter(range(100))) as made:
        assert list(made) == list(range(100)) and list(made) == []


def test_what_does_not_come_in_time() -> None:
    come = Event()

    def late() -> Iterator[int]:
        yield 1
        come.wait(10)
        yield 2

    with Ahead(late()) as items:
        assert items.take(10) == 1
        with pytest.raises(TimeoutError):
            items.take(0.01)
        come.set()
        assert items.take(10) == 2
        with pytest.raises(StopIteration):
            items.take(10)


def test_a_thread_that_is_busy_is_waited_for_no_longer_than_its_grace() -> None:
    come, closed = Event(), Event()

    def never() -> Iterator[int]:
        try:
            come.wait(10)
            yield 1
        finally:
            closed.set()

    with Ahead(never(), grace=0.01):
        pass
    assert not closed.is_set()
    come.set()
    assert closed.wait(10)


def test_no_more_is_made_than_may_wait() -> None:
    made: list[int] = []
    closed = Event()
    with Ahead(numbers(9, made, closed), most=2) as items:
        assert next(items) == 0
        wait_until(lambda: len(made) == 3)
        assert not closed.wait(0.05) and made == [0, 1, 2]
    assert closed.is_set() and len(made) == 3


def test_it_begins_at_once_and_ends_unused() -> None:
    begun, closed = Event(), Event()

    def items() -> Iterator[int]:
        try:
            begun.set()
            yield 1
        finally:
            closed.set()

    with Ahead(items()):
        assert begun.wait(10)
    assert closed.is_set()


def test_an_error_of_what_is_made_comes_out_where_it_is_taken() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with Ahead(broken()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)
        assert list(items) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whoever_takes_may_fail(error: type[BaseException]) -> None:
    closed = Event()
    with pytest.raises(error), Ahead(numbers(1000, [], closed)) as items:
        next(items)
        raise error
    assert closed.is_set()


def test_work_is_done_in_order_and_all_of_it() -> None:
    done: list[int] = []
    with Behind(done.append) as hand_on:
        for i in range(100):
            hand_on(i)
    assert done == list(range(100))


def test_no_more_waits_than_may() -> None:
    go, begun, done = Event(), Event(), list[int]()

    def work(item: int) -> None:
        begun.set()
        assert go.wait(10)
        done.append(item)

    handed = []
    with Behind(work, most=2) as hand_on:

        def give() -> None:
            for i in range(5):
                hand_on(i)
                handed.append(i)

        giver = threading.Thread(target=give)
        giver.start()
        assert begun.wait(10)
        giver.join(0.05)
        assert handed == [0, 1, 2] and done == []
        go.set()
        giver.join()
    assert done == [0, 1, 2, 3, 4]


def test_an_error_of_the_work_stops_whoever_hands_on() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 3:
            raise OSError("disk full")
        done.append(item)

    with pytest.raises(OSError, match="disk full"), Behind(work) as hand_on:
        for i in range(1000):
            hand_on(i)
    assert done == [0, 1, 2] and i < 10
    with pytest.raises(OSError, match="disk full"), Behind(work) as hand_on:
        hand_on(3)  # the last one: told at the end


def test_after_a_failure_nothing_more_is_done() -> None:
    go, begun, done = Event(), Event(), list[int]()

    def work(item: int) -> None:
        begun.set()
        assert go.wait(10)
        done.append(item)

    with pytest.raises(KeyboardInterrupt), Behind(work, most=3) as hand_on:
        for i in range(3):
            hand_on(i)
        assert begun.wait(10)
        threading.Timer(0.02, go.set).start()
        raise KeyboardInterrupt
    assert done == [0]


def test_a_second_interruption_waits_for_the_thread_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun, done = Event(), Event(), list[int]()

    def work(item: int) -> None:
        begun.set()
        assert go.wait(10)
        done.append(item)

    class Impatient(threading.Thread):
        presses = 0

        def join(self, timeout: float | None = None) -> None:
            Impatient.presses += 1
            if Impatient.presses <= 2:
                raise KeyboardInterrupt
            go.set()
            super().join(timeout)

    monkeypatch.setattr(threads, "Thread", Impatient)
    with pytest.raises(KeyboardInterrupt), Behind(work) as hand_on:
        hand_on(1)
        assert begun.wait(10)
    assert done == [1] and Impatient.presses == 3


def test_what_is_promised_is_made_at_once_and_taken_later() -> None:
    begun, made = Event(), Promise(lambda: threading.current_thread().name)
    assert made.take() != threading.current_thread().name
    promise = Promise(begun.set)
    assert begun.wait(10)
    assert promise.take() is None and promise.take() is None


def test_a_broken_promise_is_told_when_it_is_taken() -> None:
    def broken() -> int:
        raise ValueError("broken")

    promise = Promise(broken)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            promise.take()
