"""What the server answers. docs/server.md says each in words."""

from __future__ import annotations

import json
import math
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

import dicetalk
from dicetalk.backbone import KINDS
from dicetalk.checks import brief, is_number
from dicetalk.emotion.feeling import DEFAULT_STRENGTH
from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE
from dicetalk.errors import DiceTalkError, InputError, about
from dicetalk.jobs import check
from dicetalk.marks.credentials import BESIDE, beside
from dicetalk.portrait.framing import check_face, check_size
from dicetalk.server import schemas
from dicetalk.server.content import Growing, Stored, growing
from dicetalk.server.problems import Problem, unusable
from dicetalk.server.queue import STATUSES, Entry, FullError
from dicetalk.server.request import (
    FIELDS,
    FILE,
    FORMATS,
    LOOKED_AT,
    PREVIEW,
    WORDS,
    Asked,
    FieldError,
    asked_of,
    check_fields,
    emotion_of,
    job_of,
    read_form,
    read_json,
)
from dicetalk.server.server import Server
from dicetalk.server.session import COOKIE, LASTS
from dicetalk.server.sniff import check_timeline
from dicetalk.server.stills import Framing
from dicetalk.server.uploads import portions_of

router = APIRouter()

STILL_SIZE = 512
"""Longest side of a still [px]."""
MOST_LISTED, USUALLY_LISTED = 200, 50
CREDENTIALS = "application/c2pa"
BESIDE_IT = ("curves", "words")
"""What a result notes of the files beside a video, and the links tell."""
MEDIA = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}
MOST_FIELDS = 100


def _server(request: Request) -> Server:
    server = request.app.state.server
    assert isinstance(server, Server)
    return server


@router.post(
    "/v1/uploads", status_code=201, responses=schemas.gives(201, schemas.UPLOAD, 401, 413, 415, 422),
    openapi_extra=schemas.TAKES_A_FILE,
)  # fmt: skip
async def send_file(request: Request) -> JSONResponse:
    """Keep a file, the body of the request, for requests that name it by its id."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise Problem(415, "this is a form; send the file itself as the body")
    upload = await _server(request).uploads.take(request.stream())
    return JSONResponse(upload.to_json(), 201)


@router.get(
    "/v1/uploads/{id}", response_class=Response,
    responses={200: {"description": "the file", "content": {"application/octet-stream": {}}},
               **schemas.failing(401, 404)},
)  # fmt: skip
async def sent_file(request: Request, id: str) -> Response:
    """A file that was sent, for whoever goes on with it."""
    server = _server(request)
    upload = await run_in_threadpool(server.queue.upload, id)
    if upload is None:
        raise Problem(404, f"there is no file {brief(id)} (any more)")
    # Never shown by a browser; whoever asks for it knows its name.
    unnamed = {"Content-Disposition": "attachment"}
    return Stored(server.places.upload(upload), media_type="application/octet-stream", headers=unnamed)


@router.post(
    "/v1/videos", status_code=202, responses=schemas.gives(202, schemas.ACCEPTED, 400, 401, 413, 415, 422, 429),
    openapi_extra=schemas.takes(tuple(FIELDS), ("portrait",)),
)  # fmt: skip
async def make_video(request: Request) -> JSONResponse:
    """Ask for a video."""
    server = _server(request)
    asked = await _asked(request, tuple(FIELDS))
    consent = asked.request.get("consent")
    if server.options.ask_consent and consent is None:
        raise Problem(422, "nobody says who agreed to this video; send consent", field="consent", kind="InputError")
    _needed(asked, "portrait")
    await run_in_threadpool(_check, server, asked)
    id = secrets.token_urlsafe(16)
    needs = {upload.id for upload in asked.uploads.values()}
    told = {name: value for name, value in asked.request.items() if name != "consent"}
    try:
        await run_in_threadpool(server.queue.add, id, told, consent, needs, server.options.queue)
    except FullError:
        wait = await run_in_threadpool(server.queue.pace) / server.options.workers
        later = {"Retry-After": str(min(max(math.ceil(wait), 1), 3600))}
        raise Problem(429, f"{server.options.queue} jobs are waiting, and no more can; come again", later) from None
    return JSONResponse({"id": id, "status": "queued"}, 202, {"Location": f"/v1/videos/{id}"})


def _check(server: Server, asked: Asked) -> None:
    """Find what is wrong with a request before it waits.

    Raises:
        Problem: something is.
    """
    idle = asked.request.get("idle")
    if is_number(idle):
        server.uploads.check_size({"seconds": idle}, "idle")
    try:
        with tempfile.TemporaryDirectory(dir=server.places.temporary) as folder:
            check(job_of(asked, Path(folder)))
    except DiceTalkError as error:
        raise unusable(error, asked.names, error.field or _field_of(error)) from error


def _field_of(error: DiceTalkError) -> str | None:
    """The field that an error is about, where its kind tells."""
    return {"EmotionError": "emotion", "NoFaceError": "portrait"}.get(type(error).__name__)


@router.get("/v1/videos", responses=schemas.gives(200, schemas.JOBS, 401, 422))
async def list_videos(request: Request, limit: int = USUALLY_LISTED, status: str | None = None) -> JSONResponse:
    """The last jobs, the newest first."""
    queue = _server(request).queue
    if not 1 <= limit <= MOST_LISTED:
        raise Problem(422, f"limit is {limit}; expected 1 to {MOST_LISTED}", field="limit")
    if status is not None and status not in STATUSES:
        raise Problem(422, f"status is {brief(status)}; expected one of: {', '.join(STATUSES)}", field="status")
    entries = await run_in_threadpool(queue.newest, limit, status)
    told = [await _told(request, entry) for entry in entries]
    counts = await run_in_threadpool(queue.counts)
    return JSONResponse({"videos": told, "queued": counts["queued"], "running": counts["running"]})


@router.get("/v1/videos/{id}", responses=schemas.gives(200, schemas.JOB, 401, 404))
async def show_video(request: Request, id: str) -> JSONResponse:
    """How a job stands."""
    return JSONResponse(await _told(request, await _entry(request, id)), headers={"Cache-Control": "no-store"})


@router.delete("/v1/videos/{id}", status_code=204, responses=schemas.failing(401, 404))
async def remove_video(request: Request, id: str) -> Response:
    """Stop a job, or remove what it made."""
    server = _server(request)
    entry = await _entry(request, id)
    if not await run_in_threadpool(server.queue.cancel, id):
        await run_in_threadpool(server.forget, entry)
    return Response(status_code=204)


@router.get(
    "/v1/videos/{id}/content", response_class=Response,
    responses={200: {"description": "the video", "content": {kind: {} for kind in MEDIA.values()}},
               206: {"description": "a range of it"}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_content(request: Request, id: str, download: bool = False) -> Response:
    """The video, or what there is of it while it is made."""
    server, entry = _server(request), await _entry(request, id)
    form = entry.request.get("format", FORMATS[0])
    if entry.status == "done":
        assert entry.claim is not None
        path = server.places.video(entry.claim) / f"video.{form}"
        name = f"dicetalk-{entry.number}.{form}" if download else None
        return Stored(path, media_type=MEDIA[form], headers={"Cache-Control": "private, no-cache"}, filename=name)
    if entry.status not in ("queued", "running"):
        raise Problem(409, f"this job is {entry.status}; there is no video")
    if form != "mp4":
        raise Problem(409, f"a {form} cannot be watched while it is made; come again when the job is done")
    return Growing(growing(server.queue, server.places, id), MEDIA[form])


@router.get(
    "/v1/videos/{id}/motion", response_class=Response,
    responses={200: {"description": "the curves", "content": {"text/csv": {}}}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_motion(request: Request, id: str) -> Response:
    """The curves of a video, as Live Link Face CSV."""
    server, entry = _server(request), await _entry(request, id)
    if entry.status != "done":
        raise Problem(409, f"this job is {entry.status}; there are no curves")
    assert entry.claim is not None
    if not _has(entry, "curves"):
        raise Problem(404, "this video has no curves: it is of several faces, or its backbone draws without")
    path = server.places.video(entry.claim) / "motion.csv"
    return Stored(path, media_type="text/csv", filename=f"dicetalk-{entry.number}.csv")


@router.get(
    "/v1/videos/{id}/words", response_class=Response,
    responses={200: {"description": "the words", "content": {"text/vtt": {}}}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_words(request: Request, id: str) -> Response:
    """When each word is said in a video, as WebVTT."""
    server, entry = _server(request), await _entry(request, id)
    if entry.status != "done":
        raise Problem(409, f"this job is {entry.status}; its words are found while it is made")
    assert entry.claim is not None
    if not _has(entry, "words"):
        raise Problem(404, "nobody said which words are spoken in this video; ask for it with text, or emotion text:")
    path = server.places.video(entry.claim) / WORDS
    return Stored(path, media_type="text/vtt", filename=f"dicetalk-{entry.number}.vtt")


@router.get(
    "/v1/videos/{id}/credentials", response_class=Response,
    responses={200: {"description": "the credentials", "content": {CREDENTIALS: {}}}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_credentials(request: Request, id: str) -> Response:
    """The content credentials of a video that has no room for them."""
    server, entry = _server(request), await _entry(request, id)
    if entry.status != "done":
        raise Problem(409, f"this job is {entry.status}; there are no credentials")
    assert entry.claim is not None
    if not _lie_beside(entry):
        raise Problem(404, "no credentials lie beside this video: they are within it, or it is not signed")
    path = beside(server.places.video(entry.claim) / f"video.{entry.request['format']}")
    return Stored(path, media_type=CREDENTIALS, filename=f"dicetalk-{entry.number}{path.suffix}")


def _has(entry: Entry, name: str) -> bool:
    """Whether something lies beside a job's video."""
    return bool((entry.result or {}).get(name))


def _lie_beside(entry: Entry) -> bool:
    """Whether the credentials of a job's video are a file of their own."""
    suffix = f".{entry.request.get('format', FORMATS[0])}"
    return suffix in BESIDE and (entry.result or {}).get("marks") == "signed"


@router.get(
    "/v1/videos/{id}/preview", response_class=Response,
    responses={200: {"description": "a rough look", "content": {"image/png": {}}}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_preview(request: Request, id: str) -> Response:
    """A rough look at a clip after the last step of its denoising."""
    server, entry = _server(request), await _entry(request, id)
    if entry.status != "running":
        raise Problem(409, f"this job is {entry.status}; there is a preview only while it is denoised")
    assert entry.claim is not None
    path = server.places.video(entry.claim) / PREVIEW
    if not path.exists():
        raise Problem(404, "there is no preview: no step is done yet, or its backbone needs none")
    return Stored(path, media_type="image/png", headers={"Cache-Control": "no-store"})


@router.get(
    "/v1/forecast", responses=schemas.gives(200, schemas.FORECAST, 401, 422, 503),
)  # fmt: skip
async def forecast(request: Request, backbone: str, seconds: float = 10.0) -> JSONResponse:
    """What a clip would cost on this machine, before it is asked for."""
    server = _server(request)
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
    if _server(request).options.keys:
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
    asked = await _asked(request, ("portrait",))
    path = _needed(asked, "portrait")
    try:
        return JSONResponse(await _server(request).studio.faces(path))
    except DiceTalkError as error:
        raise unusable(error, asked.names, "portrait") from error


@router.post(
    "/v1/preview", response_class=Response, openapi_extra=schemas.takes(LOOKED_AT, ("portrait",)),
    responses={200: {"description": "the still", "content": {"image/jpeg": {}}},
               **schemas.failing(400, 401, 413, 415, 422, 503)},
)  # fmt: skip
async def show_still(request: Request) -> Response:
    """A portrait with an emotion."""
    asked = await _asked(request, LOOKED_AT)
    path, told = _needed(asked, "portrait"), asked.request
    framing = Framing(
        path, told.get("face"), told.get("size", STILL_SIZE), told.get("crop", False), told.get("anyway", False)
    )
    try:
        with about("size"):
            check_size(framing.size)
        with about("face"):
            check_face(framing.face)
        _check_truths(told)
        still, elapsed = await _server(request).studio.still(framing, emotion_of(told.get("emotion", "neutral")))
    except DiceTalkError as error:
        raise unusable(error, asked.names, error.field or _field_of(error)) from error
    return Response(
        still, media_type="image/jpeg", headers={"X-Elapsed-Ms": f"{elapsed:.1f}", "Cache-Control": "no-store"}
    )


def _check_truths(told: Mapping[str, Any]) -> None:
    for name in ("crop", "anyway"):
        if not isinstance(told.get(name, False), bool):
            raise FieldError(name, f"{name} is {brief(told[name])}; expected true or false")


def _needed(asked: Asked, name: str) -> Path:
    if name not in asked.paths:
        raise Problem(422, f"there is no {name}; send one", field=name, kind="InputError")
    return asked.paths[name]


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
    server = _server(request)
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


async def _entry(request: Request, id: str) -> Entry:
    entry = await run_in_threadpool(_server(request).queue.find, id)
    if entry is None:
        raise Problem(404, f"there is no job {brief(id)} (any more)")
    return entry


async def _told(request: Request, entry: Entry) -> dict[str, Any]:
    """A job as it is told."""
    server, own = _server(request), f"/v1/videos/{entry.id}"
    place = await run_in_threadpool(server.queue.place, entry.number) if entry.status == "queued" else None
    result = {name: value for name, value in entry.result.items() if name not in BESIDE_IT} if entry.result else None
    return {
        "id": entry.id,
        "status": entry.status,
        "created": entry.created,
        "started": entry.started if entry.status != "queued" else None,
        "ended": entry.ended,
        "expires": entry.ended and entry.ended + server.keep_s,
        "place": place,
        "progress": entry.progress if entry.status == "running" else None,
        "request": entry.request,
        "consent": entry.consent,
        "result": result,
        "error": entry.error,
        "links": {
            "self": own,
            "content": f"{own}/content",
            "motion": f"{own}/motion" if _has(entry, "curves") else None,
            "words": f"{own}/words" if _has(entry, "words") else None,
            "credentials": f"{own}/credentials" if _lie_beside(entry) else None,
        },
    }


async def _asked(request: Request, known: Sequence[str]) -> Asked:
    """What a request asks for; files that come with it are kept.

    Raises:
        Problem: it cannot be read, or holds what nobody takes.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    server = _server(request)
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
                told[name] = await _kept(_server(request), name, part, told, known)
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
