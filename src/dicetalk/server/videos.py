"""Videos that are asked for: the jobs that make them, and what lies beside them."""

from __future__ import annotations

import math
import secrets
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from dicetalk.checks import brief, is_number
from dicetalk.errors import DiceTalkError
from dicetalk.making import check
from dicetalk.marks.credentials import BESIDE, beside
from dicetalk.server import schemas
from dicetalk.server.content import Growing, Stored, growing
from dicetalk.server.intake import needed, received, server_of
from dicetalk.server.problems import Problem, field_of, unusable
from dicetalk.server.queue import STATUSES, Entry, FullError
from dicetalk.server.request import FIELDS, FORMATS, PREVIEW, WORDS, Asked, job_of
from dicetalk.server.server import Server

router = APIRouter()

MOST_LISTED, USUALLY_LISTED = 200, 50
CREDENTIALS = "application/c2pa"
BESIDE_IT = ("curves", "words")
"""What a result notes of the files beside a video, and the links tell."""
MEDIA = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}


@router.post(
    "/v1/videos", status_code=202, responses=schemas.gives(202, schemas.ACCEPTED, 400, 401, 413, 415, 422, 429),
    openapi_extra=schemas.takes(tuple(FIELDS), ("portrait",)),
)  # fmt: skip
async def make_video(request: Request) -> JSONResponse:
    """Ask for a video."""
    server = server_of(request)
    asked = await received(request, tuple(FIELDS))
    consent = asked.request.get("consent")
    if server.options.ask_consent and consent is None:
        raise Problem(422, "nobody says who agreed to this video; send consent", field="consent", kind="InputError")
    needed(asked, "portrait")
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
        raise unusable(error, asked.names, field_of(error, asked.request)) from error


@router.get("/v1/videos", responses=schemas.gives(200, schemas.JOBS, 401, 422))
async def list_videos(request: Request, limit: int = USUALLY_LISTED, status: str | None = None) -> JSONResponse:
    """The last jobs, the newest first."""
    queue = server_of(request).queue
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
    server = server_of(request)
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
    server, entry = server_of(request), await _entry(request, id)
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
    server, entry = server_of(request), await _entry(request, id)
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
    server, entry = server_of(request), await _entry(request, id)
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
    server, entry = server_of(request), await _entry(request, id)
    if entry.status != "done":
        raise Problem(409, f"this job is {entry.status}; there are no credentials")
    assert entry.claim is not None
    if not _lie_beside(entry):
        raise Problem(404, "no credentials lie beside this video: they are within it, or it is not signed")
    path = beside(server.places.video(entry.claim) / f"video.{entry.request['format']}")
    return Stored(path, media_type=CREDENTIALS, filename=f"dicetalk-{entry.number}{path.suffix}")


@router.get(
    "/v1/videos/{id}/preview", response_class=Response,
    responses={200: {"description": "a rough look", "content": {"image/png": {}}}, **schemas.failing(401, 404, 409)},
)  # fmt: skip
async def video_preview(request: Request, id: str) -> Response:
    """A rough look at a clip after the last step of its denoising."""
    server, entry = server_of(request), await _entry(request, id)
    if entry.status != "running":
        raise Problem(409, f"this job is {entry.status}; there is a preview only while it is denoised")
    assert entry.claim is not None
    path = server.places.video(entry.claim) / PREVIEW
    if not path.exists():
        raise Problem(404, "there is no preview: no step is done yet, or its backbone needs none")
    return Stored(path, media_type="image/png", headers={"Cache-Control": "no-store"})


def _has(entry: Entry, name: str) -> bool:
    """Whether something lies beside a job's video."""
    return bool((entry.result or {}).get(name))


def _lie_beside(entry: Entry) -> bool:
    """Whether the credentials of a job's video are a file of their own."""
    suffix = f".{entry.request.get('format', FORMATS[0])}"
    return suffix in BESIDE and (entry.result or {}).get("marks") == "signed"


async def _entry(request: Request, id: str) -> Entry:
    entry = await run_in_threadpool(server_of(request).queue.find, id)
    if entry is None:
        raise Problem(404, f"there is no job {brief(id)} (any more)")
    return entry


async def _told(request: Request, entry: Entry) -> dict[str, Any]:
    """A job as it is told."""
    server, own = server_of(request), f"/v1/videos/{entry.id}"
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
