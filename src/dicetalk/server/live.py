"""`WS /v1/live`: speech goes in as it is spoken, frames come out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from dicetalk.checks import brief, truth
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.rates import SPEECH_RATE
from dicetalk.server.request import FieldError, asked_of, check_fields, emotion_of, read_json
from dicetalk.server.server import Server
from dicetalk.server.sitting import LOADING, LOST, BusyError, Line
from dicetalk.server.talk import Said

router = APIRouter()

TOLD = ("portrait", "emotion", "as_strong_as", "seed", "face", "size", "crop", "anyway", "head", "blink", "gaze")
"""Fields of the first message, as those of a job; `rate` [Hz] and `drop` beside them."""
SIZE = 512
"""Longest side of the frames where none is told [px]."""
LONGEST = 30.0
"""How long the next message is waited for [s]: others may want to speak."""
PAUSE = 0.004
"""Between two looks for a frame [s]."""
REFUSED, LATER = 1008, 1013
"""Codes of the standard with which a socket is closed."""


@router.websocket("/v1/live")
async def live(socket: WebSocket) -> None:
    """Hold one talk."""
    await socket.accept()
    server = socket.app.state.server
    assert isinstance(server, Server)
    try:
        await _talk(socket, server)
    except WebSocketDisconnect:
        return
    except BusyError:
        await _end(socket, {"error": "somebody else is speaking live here; come again", "kind": "Busy"}, LATER)
    except (DiceTalkError, TimeoutError) as error:
        told = error.to_json() if isinstance(error, DiceTalkError) else {"error": "nothing came", "kind": "Timeout"}
        await _end(socket, told | ({"field": field} if (field := getattr(error, "field", None)) else {}), REFUSED)


async def _end(socket: WebSocket, told: Mapping[str, Any], code: int) -> None:
    """Say why it is over, unless whoever spoke has left meanwhile, or was told already that it is."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json(told)
        await socket.close(code)


async def _talk(socket: WebSocket, server: Server) -> None:
    await server.room.warm_up()
    told = _object(await _received(socket, LONGEST))
    own = {"rate": told.pop("rate", SPEECH_RATE), "drop": truth(told.pop("drop", True), "drop")}
    check_fields(told, TOLD)
    asked = await run_in_threadpool(asked_of, told, server.queue, server.places)
    if "portrait" not in asked.paths:
        raise FieldError("portrait", "there is no portrait; send one to /v1/uploads, and its id here")
    emotion = emotion_of(told.get("emotion", "neutral"))
    given = {"size": SIZE} | own | told | {"emotion": emotion}
    del given["portrait"]
    async with server.room.talk(asked.paths["portrait"], given) as line:
        await _both_ways(socket, line)


async def _both_ways(socket: WebSocket, line: Line) -> None:
    """Hand on what comes from either side, until one of them ends it."""
    hearing = asyncio.ensure_future(_hear(socket, line))
    showing = asyncio.ensure_future(_show(socket, line))
    try:
        ended, _ = await asyncio.wait((hearing, showing), return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        hearing.cancel()
        showing.cancel()
        await asyncio.gather(hearing, showing, return_exceptions=True)


async def _hear(socket: WebSocket, line: Line) -> None:
    while True:
        message = await _received(socket, LONGEST if line.answered else LOADING)
        said: Said = message if isinstance(message, bytes) else _order(message)
        await run_in_threadpool(line.say, said)


async def _received(socket: WebSocket, patience: float) -> bytes | str:
    """The next message.

    Raises:
        TimeoutError: none comes for so long [s].
        WebSocketDisconnect: none will come any more.
    """
    message = await asyncio.wait_for(socket.receive(), patience)
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    said: bytes | str = message["bytes"] if message.get("bytes") is not None else message["text"]
    return said


async def _show(socket: WebSocket, line: Line) -> None:
    """Send frames as they are drawn, to the last one."""
    while True:
        while not line.pipe.poll():
            await asyncio.sleep(PAUSE)
        try:
            shown = line.pipe.recv()
        except (EOFError, OSError):
            raise InputError(LOST) from None
        line.answered = True
        if isinstance(shown, bytes):
            await socket.send_bytes(shown)
            continue
        await socket.send_json(shown)
        if "error" in shown or "done" in shown:
            await socket.close(REFUSED if "error" in shown else 1000)
            return


def _order(text: str) -> dict[str, Any]:
    """What is told on the way.

    Raises:
        InputError: neither an emotion nor the end.
    """
    told = _object(text)
    if set(told) == {"emotion"}:
        return {"emotion": emotion_of(told["emotion"])}
    if told == {"finish": True}:
        return told
    raise InputError(f'{brief(told)} is not understood; expected {{"emotion": "happy"}} or {{"finish": true}}')


def _object(text: bytes | str) -> dict[str, Any]:
    if isinstance(text, bytes):
        raise InputError(f"sound came before it was wanted; say first, as text, some of: {', '.join(TOLD)}")
    told = read_json(text)
    if not isinstance(told, dict):
        raise InputError(f"the message is {brief(told)}; expected an object with some of: {', '.join(TOLD)}")
    return {name: value for name, value in told.items() if value is not None}
