"""What the server answers beside videos. docs/server.md says each in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

import dicetalk
from dicetalk.backbone import KINDS
from dicetalk.checks import brief
from dicetalk.emotion.feeling import DEFAULT_STRENGTH
from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE
from dicetalk.errors import DiceTalkError, about
from dicetalk.portrait.framing import check_face, check_size
from dicetalk.server import schemas
from dicetalk.server.content import Stored
from dicetalk.server.intake import needed, received, server_of
from dicetalk.server.problems import Problem, field_of, unusable
from dicetalk.server.request import FILE, LOOKED_AT, FieldError, emotion_of
from dicetalk.server.session import COOKIE, LASTS
from dicetalk.server.stills import Framing

router = APIRouter()

STILL_SIZE = 512
"""Longest side of a still [px]."""


@router.post(
    "/v1/uploads", status_code=201, responses=schemas.gives(201, schemas.UPLOAD, 401, 413, 415, 422),
    openapi_extra=schemas.TAKES_A_FILE,
)  # fmt: skip
async def send_file(request: Request) -> JSONResponse:
    """Keep a file, the body of the request, for requests that name it by its id."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise Problem(415, "this is a form; send the file itself as the body")
    upload = await server_of(request).uploads.take(request.stream())
    return JSONResponse(upload.to_json(), 201)


@router.get(
    "/v1/uploads/{id}", response_class=Response,
    responses={200: {"description": "the file", "content": {"application/octet-stream": {}}},
               **schemas.failing(401, 404)},
)  # fmt: skip
async def sent_file(request: Request, id: str) -> Response:
    """A file that was sent, for whoever goes on with it."""
    server = server_of(request)
    upload = await run_in_threadpool(server.queue.upload, id)
    if upload is None:
        raise Problem(404, f"there is no file {brief(id)} (any more)")
    # Never shown by a browser; whoever asks for it knows its name.
    unnamed = {"Content-Disposition": "attachment"}
    return Stored(server.places.upload(upload), media_type="application/octet-stream", headers=unnamed)


@router.get(
    "/v1/forecast", responses=schemas.gives(200, schemas.FORECAST, 401, 422, 503),
)  # fmt: skip
async def forecast(request: Request, backbone: str, seconds: float = 10.0) -> JSONResponse:
    """What a clip would cost on this machine, before it is asked for."""
    server = server_of(request)
    if backbone not in KINDS:
        found = f"backbone is {brief(backbone)}; expected one of: {', '.join(KINDS)}"
        raise Problem(422, found, field="backbone", kind="InputError")
    if not 0 < seconds <= server.options.most_seconds:
        most = f"seconds is {seconds:g}; expected more than 0 and at most {server.options.most_seconds:g}"
        raise Problem(422, most, field="seconds", kind="InputError")
    return JSONResponse(await server.studio.forecast(backbone, seconds))


@router.post("/v1/session", status_code=204, responses=schemas.failing(401))
async def begin_session(request: Request) -> Response:
    """Change a key for a cookie that stands for it for an hour."""
    answer = Response(status_code=204)
    if server_of(request).options.keys:
        is_safe, value = request.url.scheme == "https", request.app.state.sessions.new()
        answer.set_cookie(COOKIE, value, LASTS, path="/v1", secure=is_safe, httponly=True, samesite="strict")
    return answer


@router.delete("/v1/session", status_code=204, responses=schemas.failing(401))
async def end_session() -> Response:
    """Take the cookie away."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/v1", httponly=True, samesite="strict")
    return answer


@router.post(
    "/v1/faces", responses=schemas.gives(200, schemas.FACES, 400, 401, 413, 415, 422, 503),
    openapi_extra=schemas.takes(("portrait",), ("portrait",)),
)  # fmt: skip
async def find_faces(request: Request) -> JSONResponse:
    """The faces of a picture."""
    asked = await received(request, ("portrait",))
    path = needed(asked, "portrait")
    try:
        return JSONResponse(await server_of(request).studio.faces(path))
    except DiceTalkError as error:
        raise unusable(error, asked.names, "portrait") from error


@router.post(
    "/v1/preview", response_class=Response, openapi_extra=schemas.takes(LOOKED_AT, ("portrait",)),
    responses={200: {"description": "the still", "content": {"image/jpeg": {}}},
               **schemas.failing(400, 401, 413, 415, 422, 503)},
)  # fmt: skip
async def show_still(request: Request) -> Response:
    """A portrait with an emotion."""
    asked = await received(request, LOOKED_AT)
    path, told = needed(asked, "portrait"), asked.request
    framing = Framing(
        path, told.get("face"), told.get("size", STILL_SIZE), told.get("crop", False), told.get("anyway", False)
    )
    try:
        with about("size"):
            check_size(framing.size)
        with about("face"):
            check_face(framing.face)
        _check_truths(told)
        still, elapsed = await server_of(request).studio.still(framing, emotion_of(told.get("emotion", "neutral")))
    except DiceTalkError as error:
        raise unusable(error, asked.names, field_of(error, asked.request)) from error
    return Response(
        still, media_type="image/jpeg", headers={"X-Elapsed-Ms": f"{elapsed:.1f}", "Cache-Control": "no-store"}
    )


def _check_truths(told: Mapping[str, Any]) -> None:
    for name in ("crop", "anyway"):
        if not isinstance(told.get(name, False), bool):
            raise FieldError(name, f"{name} is {brief(told[name])}; expected true or false")


@router.get("/v1/emotions", responses=schemas.gives(200, schemas.EMOTIONS, 401))
async def list_emotions() -> JSONResponse:
    """The names of emotions."""
    names = [
        {"name": name, "valence": VALENCE[name], "arousal": AROUSAL[name],
         "aliases": [alias for alias, meaning in ALIASES.items() if meaning == name]}
        for name in NAMES
    ]  # fmt: skip
    return JSONResponse(
        {
            "names": names,
            "strength": DEFAULT_STRENGTH,
            "schemes": ["auto", f"like:{FILE}", f"scene:{FILE}", "text:", FILE],
        }
    )


@router.get("/healthz", responses=schemas.gives(200, schemas.HEALTH, 503))
async def health(request: Request) -> JSONResponse:
    """Whether jobs are made."""
    server = server_of(request)
    counts = await run_in_threadpool(server.queue.counts)
    told = {"version": dicetalk.__version__, "workers": server.crew.alive,
            "queued": counts["queued"], "running": counts["running"]}  # fmt: skip
    return JSONResponse(
        {"status": "ok" if server.crew.alive else "no worker runs", **told}, 200 if server.crew.alive else 503
    )


@router.get(
    "/metrics", response_class=Response,
    responses={200: {"description": "for Prometheus", "content": {"text/plain": {}}}, **schemas.failing(401)},
)  # fmt: skip
async def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    return Response(await run_in_threadpool(request.app.state.metrics.text), media_type="text/plain; version=0.0.4")
