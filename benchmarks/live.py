"""Measure how late frames are while their speech is being spoken, from a microphone that keeps real time.

    python benchmarks/live.py [--size 512] [--seconds 20] [--portions 20 40 100] [-o benchmarks/results/DATE-live.md]
    python benchmarks/live.py --seconds 300 --portions 40     for drift

Once in this process, by `talk.live`, and once through a server of its own and its socket, as a page does. A frame is as
late as it comes after the moment at which its sound began to be spoken. Ends with 1 where a frame through the server is
later than 700 ms.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

from dicetalk import DiceTalk, assets, load
from dicetalk.arrays import Waveform
from dicetalk.backbone import LIVE
from dicetalk.media import read_sound
from dicetalk.rates import FPS, SPEECH_RATE

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from served import serving

MOST = 0.7
"""[s]"""
MOODS = ("happy", "sad:0.7", "angry:0.5", "neutral")
"""One after the other, five seconds each."""
MOOD_S = 5.0


class Microphone:
    """Hands sound over when it has been spoken.

    Attributes:
        start: when that began [s].
    """

    def __init__(self, waveform: Waveform, milliseconds: int) -> None:
        self._waveform, self._samples = waveform, milliseconds * SPEECH_RATE // 1000
        self.start = 0.0

    def __iter__(self) -> Iterator[Waveform]:
        self.start = time.perf_counter()
        for end in range(self._samples, len(self._waveform), self._samples):
            time.sleep(max(self.start + end / SPEECH_RATE - time.perf_counter(), 0))
            yield self._waveform[end - self._samples : end]


Came = dict[int, float]
"""When frames came [s], by their number."""


def in_process(talk: DiceTalk, microphone: Microphone, size: int) -> tuple[Came, dict[str, Any]]:
    """All frames by `talk.live`, and the share of one core that they took."""
    live = talk.live(assets.portrait(), microphone, size=size, crop=True, emotion=MOODS[0])
    came: Came = {}
    busy, start = time.process_time(), time.perf_counter()
    for frames in live:
        came |= dict.fromkeys(range(live.frames - len(frames), live.frames), time.perf_counter())
        live.emotion = MOODS[int(live.frames / FPS / MOOD_S) % len(MOODS)]
    return came, {"of_one_core": (time.process_time() - busy) / (time.perf_counter() - start), "dropped": 0}


def through_server(
    socket: ClientConnection, microphone: Microphone, portrait: str, size: int
) -> tuple[Came, dict[str, Any]]:
    """The frames of a talk on a socket, and what the server says at its end."""
    begin = time.perf_counter()
    socket.send(json.dumps({"portrait": portrait, "size": size, "crop": True, "emotion": MOODS[0]}))
    assert "ready" in json.loads(socket.recv())
    ready = time.perf_counter() - begin
    came: Came = {}
    told: dict[str, Any] = {"ready_s": ready}

    def listen() -> None:
        while not told.get("frames"):
            shown = socket.recv()
            if isinstance(shown, bytes):
                came[int.from_bytes(shown[:4], "little")] = time.perf_counter()
            else:
                told.update(json.loads(shown).get("done", {}))

    listening = Thread(target=listen)
    listening.start()
    spoken = 0.0
    for portion in microphone:
        before, spoken = spoken, spoken + len(portion) / SPEECH_RATE
        if before // MOOD_S != spoken // MOOD_S:
            socket.send(json.dumps({"emotion": MOODS[int(spoken / MOOD_S) % len(MOODS)]}))
        socket.send(portion.tobytes())
    socket.send(json.dumps({"finish": True}))
    listening.join()
    return came, told


def figures(came: Came, microphone: Microphone, behind: float) -> dict[str, Any]:
    """Of how late frames came [ms]; the last ones are left out, which are made because the sound ends."""
    last = max(came) - round(behind * FPS)
    late = np.array(
        [1000 * (when - microphone.start - frame / FPS) for frame, when in sorted(came.items()) if frame < last]
    )
    ends = max(len(late) // 5, 1)
    half, most, all_ = np.percentile(late, (50, 95, 100))
    drift = float(np.median(late[-ends:]) - np.median(late[:ends]))
    return {"median_ms": half, "95_ms": most, "most_ms": all_, "drift_ms": drift, "frames": len(came)}


def measured(options: argparse.Namespace, waveform: Waveform) -> list[dict[str, Any]]:
    """A row for each way and length of portions."""
    talk, rows = load(LIVE), []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        portrait = server.send(assets.portrait())
        for milliseconds in options.portions:
            microphone = Microphone(waveform, milliseconds)
            came, told = in_process(talk, microphone, options.size)
            behind = talk.backbone.behind  # type: ignore[attr-defined]
            rows.append({"by": "talk.live", "portion_ms": milliseconds, **figures(came, microphone, behind), **told})
            microphone = Microphone(waveform, milliseconds)
            with connect(server.url.replace("http", "ws") + "/v1/live", proxy=None, open_timeout=60) as socket:
                came, told = through_server(socket, microphone, portrait, options.size)
            rows.append({"by": "the server", "portion_ms": milliseconds, **told, **figures(came, microphone, behind)})
    return rows


COLUMNS = (
    "by",
    "portions [ms]",
    "median [ms]",
    "95 % [ms]",
    "most [ms]",
    "drift [ms]",
    "shown",
    "dropped",
    "began [s]",
)


def page(options: argparse.Namespace, rows: list[dict[str, Any]]) -> str:
    """What was measured, as Markdown."""
    lines = [
        f"# Live, {datetime.date.today().isoformat()}",
        "",
        f"`python benchmarks/live.py --size {options.size} --seconds {options.seconds:g}`, on {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}; load average {os.getloadavg()[0]:.1f}.",
        f"From the moment at which a frame's sound begins to be spoken; the emotion changes every {MOOD_S:g} s.",
        "Drift: the median of the last fifth less that of the first.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + " --- |" * len(COLUMNS),
    ]
    for row in rows:
        times = " | ".join(
            f"{row[name]:.0f}" for name in ("median_ms", "95_ms", "most_ms", "drift_ms", "frames", "dropped")
        )
        lines.append(f"| {row['by']} | {row['portion_ms']} | {times} | {row.get('ready_s', float('nan')):.1f} |")
    return "\n".join(lines).replace("nan", "") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--portions", type=int, nargs="+", default=[20, 40, 100], help="[ms]")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    waveform = np.resize(read_sound(assets.speech()).waveform, round(options.seconds * SPEECH_RATE))
    rows = measured(options, waveform)
    print(page(options, rows))
    if options.output:
        options.output.write_text(page(options, rows), encoding="utf-8")
        options.output.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(row["most_ms"] < 1000 * MOST for row in rows if row["by"] == "the server") else 1)


if __name__ == "__main__":
    main()
