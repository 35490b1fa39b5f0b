"""Work beside other work: what is made ahead of whoever takes it, what is done behind whoever hands it on.

Errors come out where the thread is used, few things wait at a time, and no thread outlives its `with` block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


class Promise(Generic[Item]):
    """Makes one thing in a thread of its own, from the start on, for whoever takes it later.

    The program waits for it before it ends: libraries must not be taken from under its thread.
    """

    def __init__(self, make: Callable[[], Item]) -> None:
        self._made: list[Item] = []
        self._error: BaseException | None = None
        self._thread = _started(lambda: self._keep(make), daemon=False)

    def _keep(self, make: Callable[[], Item]) -> None:
        try:
            self._made.append(make())
        except BaseException as error:  # told to whoever takes it, in whose thread it belongs
            self._error = error

    def take(self) -> Item:
        """The thing, once it is made."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._made[0]


class Ahead(Iterator[Item]):
    """Takes from an iterator in a thread of its own, from the start on: `with Ahead(frames) as made: for one in made`.

    Args:
        items: the iterator; it is closed in that thread, if it can be.
        most: how many of its items may wait to be taken.
        grace: how long an item that is being made is waited for at the end [s]; a thread that takes longer ends by
            itself with that item. None waits.
    """

    def __init__(self, items: Iterator[Item], most: int = 1, grace: float | None = None) -> None:
        self._items, self._grace = items, grace
        self._room = Semaphore(most)
        self._made: SimpleQueue[Item | _End] = SimpleQueue()
        self._stopped = False
        self._thread = _started(self._make)

    def _make(self) -> None:
        try:
            while self._has_room():
                self._made.put(next(self._items))
        except StopIteration:
            self._made.put(_End(None))
        except BaseException as error:  # told to whoever takes, in whose thread it belongs
            self._made.put(_End(error))
        finally:
            getattr(self._items, "close", lambda: None)()

    def _has_room(self) -> bool:
        self._room.acquire()
        return not self._stopped

    def __next__(self) -> Item:
        return self.take(None)

    def take(self, seconds: float | None) -> Item:
        """The next item.

        Raises:
            TimeoutError: it is not there after some seconds; None waits.
            StopIteration: there is none.
        """
        if self._stopped:
            raise StopIteration
        try:
            item = self._made.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if isinstance(item, _End):
            self.close()
            raise StopIteration if item.error is None else item.error
        self._room.release()
        return item

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread, once it has made what it is making."""
        self._stopped = True
        _end(self._thread, self._room.release, self._grace)


class Behind(Generic[Item]):
    """Does work in a thread of its own, in order: `with Behind(video.write) as write: write(frames)`.

    At its end the block waits until all is done; where it fails, what still waits is left undone. An error of the work
    comes out of the next call, or of the end of the block.

    Args:
        work: done with each item.
        most: how many items may wait.
    """

    def __init__(self, work: Callable[[Item], None], most: int = 1) -> None:
        self._work = work
        self._room = Semaphore(most + 1)  # one is being worked on
        self._waiting: SimpleQueue[Item | _End] = SimpleQueue()
        self._stopped = False
        self._error: BaseException | None = None
        self._thread = _started(self._do)

    def _do(self) -> None:
        try:
            while not isinstance(item := self._waiting.get(), _End) and not self._stopped:
                self._work(item)
                self._room.release()
        except BaseException as error:  # told to whoever hands on, in whose thread it belongs
            self._error = error
            self._room.release()

    def __call__(self, item: Item) -> None:
        """Hand on an item, as soon as there is room for it."""
        self._tell()
        self._room.acquire()
        self._tell()
        self._waiting.put(item)

    def _tell(self) -> None:
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = kind is not None
        _end(self._thread, lambda: self._waiting.put(_End(None)))
        if kind is None:
            self._tell()


class _End:
    """The last thing in a queue, and the error that ended it."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _started(work: Callable[[], None], daemon: bool = True) -> Thread:
    thread = Thread(target=work, daemon=daemon)
    thread.start()
    return thread


def _end(thread: Thread, stop: Callable[[], None], grace: float | None = None) -> None:
    """Tell a thread to stop and wait for it, however often Ctrl-C is pressed meanwhile: what it uses will be closed.

    With a `grace` [s] no longer than that.
    """
    interruption = None
    while thread.is_alive():
        try:
            stop()
            thread.join(grace)
            if grace is not None:
                break
        except BaseException as error:  # raised below
            interruption = error
    if interruption is not None:
        raise interruption
