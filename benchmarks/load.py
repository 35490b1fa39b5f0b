"""Let many clients work with a server while its processes are killed at random; see that no job is lost, that nothing
fails, and that its memory stays as it is.

python benchmarks/load.py [--clients 32] [--seconds 120] [-o benchmarks/results/DATE-load.md]

Beside the page of that name its figures are written as JSON. Ends with 1 where something was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
from kills import frames, write_speech
from load_clients import PATIENCE, Client, Seen, Sent

from dicetalk import assets

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from served import Served, serving

FRAMES = 30
"""Of each video: 1.2 s."""
LOOK_EVERY = 1.0
"""Between two looks at memory and queue [s]."""
GROWTH, SLACK = 1.15, 30
"""Memory counts as flat where the last third has no more than the middle one times this, and so many MB."""
SHARES = (50, 90, 99, 100)


@dataclass
class Watched:
    """What was seen of the server itself, look by look.

    Attributes:
        server, others: memory of its main process, and of all others together [MB].
        waiting: jobs in the queue.
        killed: processes of it that were killed.
        left: how many clients' seconds the jobs took that were left at the end [s].
    """

    server: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    killed: int = 0
    left: float = 0.0


@dataclass(frozen=True)
class Load:
    """How much is asked for.

    Attributes:
        clients: at a time.
        seconds: they work for [s].
        kill_every: between two kills, in the mean [s].
        queue: most jobs that may wait.
        size: of videos and stills [px].
        workers: of the server.
        seed: what happens.
    """

    clients: int
    seconds: float
    kill_every: float
    queue: int
    size: int
    workers: int
    seed: int


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--clients", type=int, default=32)
    asked.add_argument("--seconds", type=float, default=120)
    asked.add_argument("--kill-every", type=float, default=10, help="in the mean [s]")
    asked.add_argument("--queue", type=int, default=16)
    asked.add_argument("--size", type=int, default=256)
    asked.add_argument("--workers", type=int, default=1)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("-o", "--output", type=Path)
    told = vars(asked.parse_args())
    output, load = told.pop("output"), Load(**told)
    figures = measured(load)
    print(page(load, figures))
    if output:
        output.write_text(page(load, figures), encoding="utf-8")
        output.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if figures["holds"] else 1)


def measured(load: Load) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_speech(folder / "speech.wav")
        options = ("--queue", str(load.queue), "--workers", str(load.workers))
        with serving(folder / "data", *options) as server:
            portrait = assets.portrait()
            sent = Sent(server.send(portrait), server.send(folder / "speech.wav"), portrait, load.size)
            seen, watched = asyncio.run(worked(load, server, sent))
            ended = outcome(server, seen.jobs)
    return figures_of(load, seen, watched, ended)


async def worked(load: Load, server: Served, sent: Sent) -> tuple[Seen, Watched]:
    """Let all clients work, kill what works for them, and wait for what is left."""
    seen, watched, chance = Seen(), Watched(), random.Random(load.seed)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE, limits=limits) as asks:
        until = time.monotonic() + load.seconds
        watches = (look_on(server, asks, watched), kill_some(server, watched, load.kill_every, chance, until))
        beside = [asyncio.create_task(some) for some in watches]
        clients = [Client(asks, random.Random(f"{load.seed} {number}"), seen, sent) for number in range(load.clients)]
        await asyncio.gather(*(client.work(until) for client in clients))
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        begin = time.monotonic()
        while (told := (await asks.get("/healthz")).json())["queued"] + told["running"]:
            await asyncio.sleep(LOOK_EVERY)
        watched.left = time.monotonic() - begin
    return seen, watched


async def look_on(server: Served, asks: httpx.AsyncClient, watched: Watched) -> None:
    """Note memory and queue, again and again."""
    while True:
        watched.server.append(resident(server.process.pid))
        watched.others.append(sum(map(resident, processes(server.process.pid))))
        watched.waiting.append((await asks.get("/healthz")).json()["queued"])
        await asyncio.sleep(LOOK_EVERY)


async def kill_some(server: Served, watched: Watched, every: float, chance: random.Random, until: float) -> None:
    """Kill one of the server's processes, again and again: those that make videos, look at files, or draw stills."""
    while time.monotonic() + (pause := chance.uniform(0.5, 1.5) * every) < until:
        await asyncio.sleep(pause)
        some = processes(server.process.pid)
        if some:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(some), signal.SIGKILL)
                watched.killed += 1


def processes(of: int) -> list[int]:
    """Those that a server has begun, but for the one of Python itself."""
    found = [child for task in Path(f"/proc/{of}/task").iterdir() for child in (task / "children").read_text().split()]
    return sorted(
        int(child) for child in found if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()
    )


def resident(process: int) -> float:
    """Memory of a process [MB]; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except FileNotFoundError:
        return 0.0


def outcome(server: Served, ids: Sequence[str]) -> dict[str, int]:
    """What became of the jobs that nobody removed."""
    jobs = [server.job(id) for id in ids]
    done = [job for job in jobs if job.get("status") == "done"]
    failed = [job for job in jobs if job.get("status") == "failed"]
    damaged = sum(frames(server, job) != FRAMES for job in done)
    lost = len(jobs) - len(done) - len(failed)
    return {"asked": len(jobs), "done": len(done), "failed": len(failed), "lost": lost, "damaged": damaged}


def figures_of(load: Load, seen: Seen, watched: Watched, ended: dict[str, int]) -> dict[str, Any]:
    """All that is told, and whether it holds."""
    memory = {"server": grown(watched.server), "others": grown(watched.others)}
    answers = sum(seen.statuses.values())
    failures = sum(count for (_, status), count in seen.statuses.items() if status >= 500)
    holds = not (seen.wrong or failures or ended["failed"] or ended["lost"] or ended["damaged"])
    return {
        "holds": holds and all(some["flat"] for some in memory.values()),
        "jobs": ended | {"removed": seen.removed, "cut": seen.cut, 
                         "a_minute": 60 * ended["done"] / (load.seconds + watched.left)},
        "killed": watched.killed,
        "answers": answers, "answers_a_second": answers / load.seconds, "failures": failures,
        "refused_429": sum(count for (_, status), count in seen.statuses.items() if status == 429),
        "waiting": {"median": median(watched.waiting), "most": max(watched.waiting)},
        "memory_mb": memory,
        "routes": {route: told(times, seen, route) for route, times in sorted(seen.times.items())},
        "wrong": seen.wrong[:50], "wrong_count": len(seen.wrong),
    }  # fmt: skip


def grown(memory: Sequence[float]) -> dict[str, Any]:
    """Of memory look by look [MB]: the middle and the last third, and whether it is flat."""
    third = max(len(memory) // 3, 1)
    middle, last = median(memory[-2 * third : -third] or memory), median(memory[-third:])
    return {"middle": middle, "last": last, "most": max(memory), "flat": last <= middle * GROWTH + SLACK}


def told(times: Sequence[float], seen: Seen, route: str) -> dict[str, Any]:
    """One route's answers: how many, of which status, and shares of their times [ms]."""
    shares = {f"{share}_ms": round(1000 * float(np.percentile(times, share)), 1) for share in SHARES}
    statuses = {str(status): count for (name, status), count in sorted(seen.statuses.items()) if name == route}
    return {"answers": len(times), "statuses": statuses, **shares}


def page(load: Load, figures: dict[str, Any]) -> str:
    """What was seen, as Markdown."""
    jobs, memory = figures["jobs"], figures["memory_mb"]
    rows = {
        "answers (a second)": f"{figures['answers']} ({figures['answers_a_second']:.1f})",
        "answers 5xx": figures["failures"],
        "wrong in another way": figures["wrong_count"] - figures["failures"],
        "processes killed": figures["killed"],
        "jobs asked for, kept": jobs["asked"],
        "stopped or removed by their clients": jobs["removed"],
        "done (a minute)": f"{jobs['done']} ({jobs['a_minute']:.1f})",
        "failed": jobs["failed"],
        "lost": jobs["lost"],
        "videos damaged": jobs["damaged"],
        "videos cut while watched, worker lost": jobs["cut"],
        "refused since the queue was full (429)": figures["refused_429"],
        "jobs waiting, median and most": f"{figures['waiting']['median']:g}, {figures['waiting']['most']}",
        **{f"memory of {name}: middle third, last third, most [MB]":
           f"{some['middle']:.0f}, {some['last']:.0f}, {some['most']:.0f}{'' if some['flat'] else ' (grows)'}"
           for name, some in memory.items()},
    }  # fmt: skip
    routes = [row(name, some) for name, some in figures["routes"].items()]
    return "\n".join([
        f"# The server under load: {'holds' if figures['holds'] else 'does not hold'}", "",
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; "
        f"`python benchmarks/load.py --clients {load.clients} --seconds {load.seconds:g} --workers {load.workers}`.",
        f"Videos have {FRAMES} frames and {load.size} px; clients think up to half a second between two things.", "",
        "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items()), "",
        "| route | answers | half within [ms] | 90 % | 99 % | all |", "|---|---|---|---|---|---|", *routes, "",
        *(f"- {line}" for line in figures["wrong"]),
    ]).rstrip() + "\n"  # fmt: skip


def row(name: str, some: Mapping[str, Any]) -> str:
    """A route's row of the table."""
    return f"| {name} | {some['answers']} | " + " | ".join(f"{some[f'{share}_ms']:.0f}" for share in SHARES) + " |"


if __name__ == "__main__":
    main()
