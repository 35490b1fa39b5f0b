"""What comes in with a request: its fields are read, its files kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from dicetalk.checks import brief
from dicetalk.errors import InputError
from dicetalk.server.problems import Problem
from dicetalk.server.request import FIELDS, FILE, Asked, FieldError, asked_of, check_fields, read_form, read_json
from dicetalk.server.server import Server
from dicetalk.server.sniff import check_timeline
from dicetalk.server.uploads import portions_of

MOST_FIELDS = 100


def server_of(request: Request) -> Server:
    """What stands behind the answer to a request."""
    server = request.app.state.server
    assert isinstance(server, Server)
    return server


async def received(request: Request, known: Sequence[str]) -> Asked:
    """What a request asks for; files that come with it are kept.

    Raises:
        Problem: it cannot be read, or holds what nobody takes.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    server = server_of(request)
    try:
        if kind == "application/json":
            told = await _json(request)
        elif kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
            told = await _form(request, known)
        else:
            raise Problem(415, f"the request is {brief(kind or 'of no type')}; send a form, or application/json")
        told = {name: value for name, value in told.items() if value is not None}
        await _keep_timeline(server, told, known)
        check_fields(told, known)
        return await run_in_threadpool(asked_of, told, server.queue, server.places)
    except FieldError as error:
        raise Problem(422, str(error), field=error.field, kind="InputError") from error
    except InputError as error:
        raise Problem(400, str(error), kind=type(error).__name__) from error


def needed(asked: Asked, name: str) -> Path:
    """The file of a field.

    Raises:
        Problem: none came.
    """
    if name not in asked.paths:
        raise Problem(422, f"there is no {name}; send one", field=name, kind="InputError")
    return asked.paths[name]


async def _json(request: Request) -> dict[str, Any]:
    told = read_json(await request.body())
    if not isinstance(told, dict):
        raise InputError(f"the request is {brief(told)}; expected an object")
    return told


async def _form(request: Request, known: Sequence[str]) -> dict[str, Any]:
    """The fields of a form; its files are kept, and named by their ids."""
    try:
        form = await request.form(max_files=len(FIELDS), max_fields=MOST_FIELDS)
    except HTTPException as error:
        raise InputError(f"this is no form that can be read ({error.detail})") from error
    except UnicodeError as error:  # of a charset that it claims
        raise InputError("the texts of this form are not in its charset; send UTF-8") from error
    try:
        texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        told = read_form(texts)
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                told[name] = await _kept(server_of(request), name, part, told, known)
        return told
    finally:
        await form.close()


async def _kept(server: Server, name: str, part: UploadFile, told: Mapping[str, Any], known: Sequence[str]) -> str:
    if name not in known or not FIELDS[name].files:
        files = ", ".join(field for field in known if FIELDS[field].files)
        raise FieldError(name[:60], f"no file is taken as {brief(name)}; expected some of: {files}")
    if name in told:
        raise FieldError(name, f"the field {name} comes twice; send it once")
    return (await server.uploads.take(portions_of(part.read), name)).id


async def _keep_timeline(server: Server, told: dict[str, Any], known: Sequence[str]) -> None:
    """A timeline that was sent within the request becomes a file like any other."""
    if not isinstance(told.get("emotion"), dict) or "emotion_file" not in known:
        return
    if "emotion_file" in told:
        raise FieldError("emotion_file", "the emotion is a timeline, which needs no file; leave emotion_file out")
    try:
        check_timeline(told["emotion"])
    except InputError as error:
        raise FieldError("emotion", str(error)) from error

    async def portions() -> Any:
        yield json.dumps(told["emotion"]).encode()

    told["emotion_file"] = (await server.uploads.take(portions(), "emotion_file")).id
    told["emotion"] = FILE
