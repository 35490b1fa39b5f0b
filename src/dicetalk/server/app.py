"""The application: routes, what stands before them, and the page."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

import dicetalk
from dicetalk.errors import DiceTalkError
from dicetalk.server import live, routes, videos
from dicetalk.server.guard import Guard
from dicetalk.server.heads import Heads
from dicetalk.server.metrics import Counted, Metrics
from dicetalk.server.options import ServerOptions
from dicetalk.server.places import Places, occupied
from dicetalk.server.problems import Problem
from dicetalk.server.server import Server
from dicetalk.server.session import Sessions
from dicetalk.server.studio import StudioError

PAGE = Path(__file__).parent / "page"


def make_app(options: ServerOptions) -> FastAPI:
    """What answers; its processes start and end with it.

    Raises:
        ConfigError: at its start, where another server works in the same folder.
    """

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        with occupied(Places(options.data)):
            server = Server(options)
            app.state.server, app.state.metrics = server, Metrics(server.queue, server.crew)
            server.start()
            try:
                yield
            finally:
                await run_in_threadpool(server.stop)

    app = FastAPI(
        title="DiceTalk",
        version=dicetalk.__version__,
        summary="A portrait, a recording of speech and an emotion in; a video of that person speaking out.",
        lifespan=life,
        docs_url=None,  # they load scripts from another host
        redoc_url=None,
    )
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)
    app.include_router(videos.router)
    app.include_router(routes.router)
    app.include_router(live.router)
    app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
    app.state.sessions = Sessions()
    app.add_middleware(Heads)
    app.add_middleware(Guard, options=options, sessions=app.state.sessions)
    app.add_middleware(Counted)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail), error.headers).response()


async def _parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()[0]
    name = str(wrong["loc"][-1])
    return Problem(422, f"{name} cannot be read ({wrong['msg']})", field=name).response()


async def _lost(request: Request, error: Exception) -> Response:
    return Problem(
        503, "whoever looks at pictures was lost, or is too slow; ask again", {"Retry-After": "5"}
    ).response()


async def _ours(request: Request, error: Exception) -> Response:
    """What the library could not do for us, as with a full disk."""
    return Problem(503, str(error), {"Retry-After": "60"}, kind=type(error).__name__).response()


async def _full(request: Request, error: Exception) -> Response:
    """What the system could not do for us, as with a full disk."""
    detail = "jobs and files cannot be written or read just now (is the disk full?); ask again"
    return Problem(503, detail, {"Retry-After": "60"}).response()


async def _fault(request: Request, error: Exception) -> Response:
    """What was never meant to happen; Starlette raises it once more, so that it is logged."""
    return Problem(500, f"{type(error).__name__} (a fault of DiceTalk); report what you asked for").response()


async def _left(request: Request, error: Exception) -> Response:
    """To nobody: whoever asked has left in the middle, which is no fault to be logged."""
    return Response(status_code=400)


ANSWERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    Problem: _problem,
    HTTPException: _http,
    RequestValidationError: _parameter,
    StudioError: _lost,
    ClientDisconnect: _left,
    DiceTalkError: _ours,
    OSError: _full,
    sqlite3.Error: _full,
    Exception: _fault,
}
