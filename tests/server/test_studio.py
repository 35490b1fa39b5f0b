from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from mortal import dying

from dicetalk.server.studio import TRIES, StudioError, _Hand

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def asked(*wants: tuple[Path, int]) -> list[int | BaseException]:
    """What a process answers to several who ask at a time."""

    async def ask() -> list[int | BaseException]:
        hand = _Hand()
        try:
            return await asyncio.gather(*(hand.ask(dying, *want) for want in wants), return_exceptions=True)
        finally:
            hand.end()

    return asyncio.run(ask())


def folders(where: Path) -> tuple[Path, Path]:
    first, second = where / "a", where / "b"
    first.mkdir()
    second.mkdir()
    return first, second


def test_a_process_that_is_lost_by_chance_is_nobody_s_failure(tmp_path: Path) -> None:
    first, second = folders(tmp_path)
    assert asked((first, 1), (second, 0)) == [1, 0]


def test_what_brings_every_process_down_is_given_up_and_the_next_one_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.server.studio.TRIES", 2)
    first, second = folders(tmp_path)
    lost, answered = asked((first, TRIES), (second, 0))
    assert isinstance(lost, StudioError) and answered == 0 and len(list(first.iterdir())) == 2
