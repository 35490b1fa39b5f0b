"""Clients of a server that do what people and programs do, at random, and note what they saw."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 120.0
"""How long an answer is waited for [s]."""
PAUSE = 0.5
"""A client thinks at most so long [s]."""
WATCHED = 5.0
"""A video that is being made is looked at for so long at most [s]."""
MOODS = ("neutral", "happy", "happy:0.4,surprised:0.3", "sad:0.9", "angry:0.5", "fear", "disgusted:0.2", "contempt")


@dataclass
class Seen:
    """What all clients saw.

    Attributes:
        times: until answers were whole, by route [s].
        statuses: answers, by route and status.
        wrong: what should not have come, in words.
        jobs: those that were taken and that nobody removed.
        removed: how many were.
        cut: videos that broke off while they were made, since their worker was lost.
    """

    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    removed: int = 0
    cut: int = 0


@dataclass(frozen=True)
class Sent:
    """What jobs are made of.

    Attributes:
        portrait, speech: ids of files that the server has.
        picture: the portrait, to be sent again.
        size: of videos and stills [px].
    """

    portrait: str
    speech: str
    picture: Path
    size: int


@dataclass
class Client:
    """One of them; it has jobs of its own.

    Attributes:
        asks: what it asks with.
        chance: what it does.
        seen: where it notes what it saw.
        sent: what it asks with.
        own: its jobs.
    """

    asks: httpx.AsyncClient
    chance: random.Random
    seen: Seen
    sent: Sent
    own: list[str] = field(default_factory=list)

    async def work(self, until: float) -> None:
        """Ask for one thing after the other to a time of the steady clock [s]."""
        things, weights = tuple(WORK), tuple(WORK.values())
        while time.monotonic() < until:
            (thing,) = self.chance.choices(things, weights)
            await thing(self)
            await asyncio.sleep(self.chance.uniform(0, PAUSE))

    async def ask(
        self, method: str, path: str, *wanted: int, route: str | None = None, **more: Any
    ) -> httpx.Response | None:
        """An answer, noted; None where none came."""
        route, begin = f"{method} {route or path}", time.perf_counter()
        try:
            answer = await self.asks.request(method, path, **more)
        except httpx.HTTPError as error:
            self.seen.wrong.append(f"{route}: {type(error).__name__} {error}")
            return None
        self.seen.times[route].append(time.perf_counter() - begin)
        self.seen.statuses[route, answer.status_code] += 1
        if answer.status_code not in wanted:
            self.seen.wrong.append(f"{route}: {answer.status_code} {answer.text[:150]}")
        return answer

    def mine(self) -> str | None:
        """One of its jobs."""
        return self.chance.choice(self.own) if self.own else None


async def still(client: Client) -> None:
    """Look at the portrait with an emotion."""
    told = {"portrait": client.sent.portrait, "emotion": client.chance.choice(MOODS), "size": client.sent.size}
    await client.ask("POST", "/v1/preview", 200, json=told)


async def faces(client: Client) -> None:
    """Have faces found."""
    await client.ask("POST", "/v1/faces", 200, json={"portrait": client.sent.portrait})


async def emotions(client: Client) -> None:
    """Ask for the names."""
    await client.ask("GET", "/v1/emotions", 200)


async def listed(client: Client) -> None:
    """Ask for the last jobs."""
    await client.ask("GET", "/v1/videos", 200)


async def upload(client: Client) -> None:
    """Send the picture again."""
    await client.ask("POST", "/v1/uploads", 201, content=client.sent.picture.read_bytes())


async def video(client: Client) -> None:
    """Ask for a video: by JSON, or by a form that brings the picture."""
    told: dict[str, Any] = {"speech": client.sent.speech, "size": client.sent.size}
    told |= {"emotion": client.chance.choice(MOODS), "seed": client.chance.randrange(2**31)}
    if client.chance.random() < 0.7:
        answer = await client.ask("POST", "/v1/videos", 202, 429, json={"portrait": client.sent.portrait, **told})
    else:
        files = {"portrait": client.sent.picture.read_bytes()}
        answer = await client.ask("POST", "/v1/videos", 202, 429, data=told, files=files)
    if answer is not None and answer.status_code == 202:
        client.own.append(answer.json()["id"])
        client.seen.jobs.append(client.own[-1])


async def look(client: Client) -> dict[str, Any] | None:
    """See how one of its jobs stands."""
    id = client.mine()
    if id is None:
        return None
    answer = await client.ask("GET", f"/v1/videos/{id}", 200, route="/v1/videos/{id}")
    return None if answer is None else dict(answer.json())


async def glance(client: Client) -> None:
    """The same, for its own sake."""
    await look(client)


async def content(client: Client) -> None:
    """Fetch a video, or a part of it; or look on while it is made."""
    job = await look(client)
    if job is None or job.get("status") not in ("done", "running"):
        return
    path, route = job["links"]["content"], "/v1/videos/{id}/content"
    if job["status"] == "running":
        await watch(client, path)
    elif client.chance.random() < 0.5:
        begin = client.chance.randrange(1000)
        headers = {"Range": f"bytes={begin}-{begin + 999}"}
        await client.ask("GET", path, 206, route=f"{route} (range)", headers=headers)
    else:
        await client.ask("GET", path, 200, route=route)


async def watch(client: Client, path: str) -> None:
    """Look on for a while; the time that is noted is that to the first byte."""
    route, begin = "GET /v1/videos/{id}/content (growing)", time.perf_counter()
    try:
        async with client.asks.stream("GET", path) as answer:
            client.seen.statuses[route, answer.status_code] += 1
            await asyncio.wait_for(_read(client, answer, route, begin), WATCHED)
    except TimeoutError:
        return
    except httpx.RemoteProtocolError:
        client.seen.cut += 1


async def _read(client: Client, answer: httpx.Response, route: str, begin: float) -> None:
    is_first = True
    async for _ in answer.aiter_raw():
        if is_first:
            client.seen.times[route].append(time.perf_counter() - begin)
        is_first = False


async def remove(client: Client) -> None:
    """Stop or remove one of its jobs."""
    id = client.mine()
    if id is None:
        return
    client.own.remove(id)
    client.seen.jobs.remove(id)
    client.seen.removed += 1
    await client.ask("DELETE", f"/v1/videos/{id}", 204, route="/v1/videos/{id}")


async def mistake(client: Client) -> None:
    """Ask for what cannot be."""
    told = {"portrait": client.sent.portrait}
    method, path, status, more = client.chance.choice((
        ("POST", "/v1/preview", 422, {"json": {**told, "emotion": "hapy"}}),
        ("POST", "/v1/videos", 422, {"json": told}),
        ("POST", "/v1/videos", 400, {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", "/v1/videos", 400, {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
        ("POST", "/v1/uploads", 415, {"content": b"neither picture nor sound"}),
        ("GET", "/v1/videos/none", 404, {}),
        ("GET", "/v1/videos?limit=0", 422, {}),
    ))  # fmt: skip
    await client.ask(method, path, status, route=f"{path.partition('?')[0]} (mistaken)", **more)


Work = Callable[[Client], Awaitable[None]]
WORK: Mapping[Work, int] = {
    still: 30, glance: 20, emotions: 10, video: 9, content: 9, mistake: 6, listed: 5, upload: 4, faces: 4, remove: 3
}  # fmt: skip
"""What is done, and how often of a hundred times."""
