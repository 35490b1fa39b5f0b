"""One talk at a time: who comes while another one speaks is refused, who comes while another one leaves waits."""

from __future__ import annotations

import asyncio
import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from dicetalk.server.sitting import BusyError, Line, Room


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    """One without a process, which is left slowly."""
    room, (ours, theirs) = Room(), Pipe()
    monkeypatch.setattr(room, "_open", lambda: Line(ours))
    monkeypatch.setattr(room, "_leave", lambda: time.sleep(0.2))
    monkeypatch.setattr(room, "theirs", theirs, raising=False)  # open as long as the room
    return room


def test_a_second_one_is_refused(room: Room) -> None:
    async def both() -> None:
        async with room.talk(Path("a"), {}):
            with pytest.raises(BusyError):
                await room.talk(Path("b"), {}).__aenter__()

    asyncio.run(both())


def test_the_next_one_waits_until_the_last_one_has_left(room: Room) -> None:
    told: list[str] = []

    async def speak(name: str) -> None:
        async with room.talk(Path(name), {}):
            told.append(name)
            await asyncio.sleep(0.02)
        told.append(f"{name} has left")

    async def all_of_them() -> None:
        first = asyncio.create_task(speak("first"))
        while room._is_taken or not told:
            await asyncio.sleep(0.005)
        second = asyncio.create_task(speak("second"))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await room.talk(Path("third"), {}).__aenter__()
        await asyncio.gather(first, second)

    asyncio.run(all_of_them())
    assert told == ["first", "first has left", "second", "second has left"]


def test_who_gives_up_waiting_makes_room(room: Room) -> None:
    async def cancelled() -> None:
        await room._turn.acquire()
        waiting = asyncio.create_task(room.talk(Path("a"), {}).__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        room._turn.release()
        async with room.talk(Path("b"), {}):
            pass

    asyncio.run(cancelled())
