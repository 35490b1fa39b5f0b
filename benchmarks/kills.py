"""Kill the server at random moments while jobs come in, and see that none is lost and no file is damaged.

python benchmarks/kills.py --times 20 -o benchmarks/results/DATE-kills.md
"""

from __future__ import annotations

import argparse
import io
import platform
import random
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import av

from dicetalk import assets
from dicetalk.media import read_sound
from dicetalk.rates import SPEECH_RATE

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from served import Served, serving

LONGEST = 6.0
"""A server lives this long at most after it was heard of [s]."""
JOBS = 3
"""Asked for in each life."""


def main() -> None:
    """Run it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("-o", "--output", type=Path)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = report(told.times, *killed(Path(folder), told.times, random.Random(told.seed)))
    print(page)
    if told.output:
        told.output.write_text(page, encoding="utf-8")


def killed(folder: Path, times: int, chance: random.Random) -> tuple[int, int, int, int, list[float]]:
    """Jobs, those lost, those failed, files damaged; how long each start took [s]."""
    data, speech, ids, starts = folder / "data", folder / "speech.wav", [], []
    write_speech(speech)
    for _ in range(times):
        begin = time.monotonic()
        with serving(data) as server:
            starts.append(time.monotonic() - begin)
            ids += begun(server, speech, chance)
            time.sleep(chance.uniform(0, LONGEST))
            server.process.kill()
            server.process.wait()
    with serving(data) as server:
        while server.asks.get("/healthz").json()["queued"] + server.asks.get("/healthz").json()["running"]:
            time.sleep(1)
        jobs = [server.job(id) for id in ids]
        lost = sum("status" not in job or job["status"] in ("queued", "running") for job in jobs)
        failed = sum(job.get("status") == "failed" for job in jobs)
        done = [job for job in jobs if job.get("status") == "done"]
        damaged = sum(frames(server, job) != job["result"]["frames"] for job in done)
    return len(ids), lost, failed, damaged, starts


def begun(server: Served, speech: Path, chance: random.Random) -> list[str]:
    """Jobs that the server has said to have taken."""
    portrait, said = server.send(assets.portrait()), server.send(speech)
    fields = {"portrait": portrait, "speech": said, "size": 128}
    return [server.begin(**fields, seed=chance.randrange(2**31)) for _ in range(JOBS)]


def frames(server: Served, job: dict[str, Any]) -> int:
    """Frames that can be decoded of a job's video."""
    with av.open(io.BytesIO(server.asks.get(job["links"]["content"]).content), mode="r") as film:
        return len(list(film.decode(video=0)))


def write_speech(path: Path) -> None:
    """1.2 s of the demo's."""
    from scipy.io import wavfile

    waveform = read_sound(assets.speech()).waveform
    wavfile.write(path, SPEECH_RATE, waveform[int(0.8 * SPEECH_RATE) : int(2.0 * SPEECH_RATE)])


def report(times: int, jobs: int, lost: int, failed: int, damaged: int, starts: list[float]) -> str:
    """What was seen."""
    return f"""# The server, killed at random moments

{date.today()}, {platform.machine()}, `python benchmarks/kills.py --times {times}`. In each life {JOBS} jobs
(30 frames of 128 px) are asked for; SIGKILL comes within {LONGEST:g} s after the last answer.

| | |
|---|---|
| times killed | {times} |
| jobs | {jobs} |
| lost | {lost} |
| failed | {failed} |
| videos damaged | {damaged} |
| until it answers again, median [s] | {sorted(starts)[len(starts) // 2]:.1f} |
"""


if __name__ == "__main__":
    main()
