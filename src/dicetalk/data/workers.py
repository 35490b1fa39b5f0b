"""Work spread over processes, which end with the one that started them, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from threading import Thread, current_thread, main_thread
from typing import TypeVar

from dicetalk.errors import DiceTalkError

ENDS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""Signals that end a command."""

Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE = 4
"""Small items that a process is given at a time."""


def spread(
    work: Callable[[Item], Made], items: Sequence[Item], workers: int, at_once: int = AT_ONCE
) -> Generator[Made, None, None]:
    """What work makes of each item, in order. Where the iterator is closed or fails, no worker outlives it.

    A worker may then end in the middle of an item: what it writes must be whole or not there.

    Args:
        work: what is done.
        items: what it is done with.
        workers: processes.
        at_once: items that a process is given at a time.

    Raises:
        DiceTalkError: a worker was killed.
    """
    # A forked process would inherit locks that the libraries' threads hold.
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with unheard_signals():
        pool = ProcessPoolExecutor(workers, context, end_with, (theirs,))
        starts = range(0, len(items), at_once)
        # Not by `map`, which cancels what is left when it is stopped; that and workers which end are too much for it.
        promised = [pool.submit(_each, work, items[start : start + at_once]) for start in starts]
    with ours, pool:
        try:
            for some in promised:
                yield from some.result()
        except BrokenProcessPool:
            ours.close()
            raise DiceTalkError(
                f"one of {workers} processes was killed (out of memory?); run the same again, with fewer workers"
            ) from None
        except BaseException:
            ours.close()  # else the pool would wait until its workers have done what they were given
            raise


def _each(work: Callable[[Item], Made], items: Sequence[Item]) -> list[Made]:
    return [work(item) for item in items]


def end_with(stop: Connection) -> None:
    """In a worker: end as soon as the other end of a pipe is closed, be it that its process was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Windows, where no signal can be held back
    Thread(target=_wait, args=(stop,), daemon=True).start()


def _wait(stop: Connection) -> None:
    with suppress(EOFError, OSError):
        stop.recv()
    os._exit(1)


@contextmanager
def unheard_signals() -> Iterator[None]:
    """Processes that are started here never hear the signals that end a command, which a terminal sends to all of them:
    whoever started them does, and ends them."""
    if sys.platform == "win32":
        yield
        return
    ends = [getattr(signal, name) for name in ENDS]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        resource_tracker.ensure_running()  # a process as well; after its start some of them would be heard again
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        with _postponed(ends):
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _postponed(ends: Sequence[int]) -> Iterator[None]:
    """Answer signals afterwards: another thread than this one may take them, and a worker whose start is broken off
    fails with a traceback."""
    if current_thread() is not main_thread():  # which answers them all
        yield
        return
    taken: list[int] = []
    answered = [number for number in ends if callable(signal.getsignal(number))]
    before = {number: signal.signal(number, lambda number, _: taken.append(number)) for number in answered}
    try:
        yield
    finally:
        for number, answer in before.items():
            signal.signal(number, answer)
        for number in taken:
            signal.raise_signal(number)
