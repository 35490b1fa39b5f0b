"""What Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dicetalk.server.crew import Crew
from dicetalk.server.queue import Queue


class Metrics:
    """Counts the requests of one server."""

    def __init__(self, queue: Queue, crew: Crew) -> None:
        self._kept = CollectorRegistry()
        self._kept.register(_Jobs(queue, crew))
        self._answers = Counter("dicetalk_requests", "Answers", ("method", "route", "status"), registry=self._kept)
        self._times = Histogram(
            "dicetalk_request_seconds", "Until an answer begins [s]", ("method", "route"), registry=self._kept
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(method, route, status).inc()
        self._times.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._kept)


class _Jobs(Collector):
    def __init__(self, queue: Queue, crew: Crew) -> None:
        self._queue, self._crew = queue, crew

    def collect(self) -> Iterable[Metric]:
        jobs = GaugeMetricFamily("dicetalk_jobs", "Jobs that are known, by status", labels=("status",))
        for status, count in self._queue.counts().items():
            jobs.add_metric((status,), count)
        yield jobs
        yield GaugeMetricFamily("dicetalk_workers", "Workers that run", self._crew.alive)
        yield GaugeMetricFamily("dicetalk_workers_lost", "Workers that ended and were replaced", self._crew.lost)


class Counted:
    """Stands before an application and counts its answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                method = scope["method"] if scope["method"] in METHODS else "other"
                scope["app"].state.metrics.note(method, route, message["status"], time.perf_counter() - start)
            await send(message)

        await self._app(scope, receive, sent)


METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
