"""Measure speed and memory of the `rules` backbone and write them down.

    python benchmarks/speed.py [--portrait FILE] [--speech FILE] [--out benchmarks/results] [--sizes 512 1024] [--long]

Every figure is the median of several fresh processes, in which everything happens for the first time. What one stage
costs is the time of its own thread; drawing, hearing and writing run beside each other. `--long` also makes 10 minutes
of speech (the given one, repeated) to compare peak memory with that of 10 seconds.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import av
import numpy as np
from scipy.io import wavfile

from dicetalk.media import read_sound
from dicetalk.rates import SPEECH_RATE

RUNS = 5
PROCESSES = 3


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median time of a piece of work [s]."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure_help() -> float:
    return seconds(
        lambda: subprocess.run([sys.executable, "-m", "dicetalk", "--help"], check=True, capture_output=True)
    )


def measure_rendering(portrait: Path, speech: Path, size: int) -> dict[str, float]:
    """Medians of what fresh processes tell, of a face of `size` pixels."""
    command = [sys.executable, __file__, "--inside", str(size), "--portrait", str(portrait), "--speech", str(speech)]
    told = []
    for _ in range(PROCESSES):
        told.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    return {name: statistics.median(figures[name] for figures in told) for name in told[0]}


def inside(portrait: Path, speech: Path, size: int) -> dict[str, float]:
    """What one fresh process takes to load, to its first frame, and for a whole video, by stages."""
    start = time.perf_counter()
    import dicetalk

    talk = dicetalk.load()
    loaded = time.perf_counter() - start

    import cv2

    from dicetalk.media import read_picture

    # Twice as large, so that the square around the face has its pixels to show.
    picture = np.asarray(cv2.resize(read_picture(portrait), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    start = time.perf_counter()
    stream = talk(picture, speech, size=size, crop=True, emotion="happy").stream()
    next(stream)
    first = time.perf_counter() - start
    stream.close()
    stages = Stages()
    video = talk(picture, speech, size=size, crop=True, emotion="happy")
    with tempfile.TemporaryDirectory() as folder:
        start, processor = time.perf_counter(), time.process_time()
        video.save(Path(folder) / "out.mp4")
        whole, processor = time.perf_counter() - start, time.process_time() - processor
    at = f"{video.width} x {video.height}"
    return {
        "import and load [s]": loaded,
        "first streamed frame, from a picture and a sound file [s]": first,
        "both together [s]": loaded + first,
        f"{at} to the file [frames/s]": video.frames / whole,
        f"{at} to the file [times real time]": video.seconds / whole,
        f"{at}, all processors [ms a frame]": 1000 * processor / video.frames,
        **{f"{at}, {name} [ms a frame]": 1000 * spent / video.frames for name, spent in stages.spent.items()},
    }


class Stages:
    """Counts the time that threads spend in what a video is made of [s]."""

    def __init__(self) -> None:
        from dicetalk.media import VideoWriter
        from dicetalk.portrait.folds import Shading
        from dicetalk.portrait.renderer import Renderer
        from dicetalk.portrait.rig import Rig
        from dicetalk.portrait.warp import Warp

        self.spent: Counter[str] = Counter()
        for name, owner, function in (
            ("hearing", import_module("dicetalk.speech.listen"), "_hear"),
            ("drawing", Renderer, "_frame"),
            ("of it the mesh", Rig, "deformed"),
            ("of it the maps", Warp, "move"),
            ("of it the picture", Warp, "draw"),
            ("of it folds", Shading, "apply"),
            ("of it eyes", Renderer, "_draw_eye"),
            ("of it the mouth", Renderer, "_draw_mouth"),
            ("writing", VideoWriter, "write"),
        ):
            setattr(owner, function, self._counted(name, getattr(owner, function)))

    def _counted(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def counted(*args: Any, **options: Any) -> Any:
            start = time.thread_time()
            try:
                return work(*args, **options)
            finally:
                self.spent[name] += time.thread_time() - start

        return counted


def peak_memory(portrait: Path, speech: Path) -> float:
    """Peak resident memory [MB] of a process that writes a whole video."""
    with tempfile.TemporaryDirectory() as folder:
        work = (
            "import sys, resource, dicetalk; "
            "dicetalk.load()(sys.argv[1], sys.argv[2], size=512, crop=True, emotion='happy').save(sys.argv[3]); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        output = Path(folder) / "out.mp4"
        done = subprocess.run(
            [sys.executable, "-c", work, str(portrait), str(speech), str(output)], check=True, capture_output=True
        )
    return int(done.stdout) / 1000


def of_length(speech: Path, length: float, folder: Path) -> Path:
    """The speech cut or repeated to some seconds."""
    waveform = read_sound(speech).waveform
    path = folder / f"{length:g}s.wav"
    wavfile.write(path, SPEECH_RATE, np.resize(waveform, int(length * SPEECH_RATE)))
    return path


def main() -> None:
    from dicetalk import assets

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--portrait", type=Path, default=assets.portrait())
    parser.add_argument("--speech", type=Path, default=assets.speech())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024], help="of the face [px]")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        print(json.dumps(inside(options.portrait, options.speech, options.inside)))
        return
    with tempfile.TemporaryDirectory() as folder:
        ten = of_length(options.speech, 10, Path(folder))
        figures = {"dicetalk --help [s]": measure_help()}
        for size in options.sizes:
            figures = {**measure_rendering(options.portrait, ten, size), **figures}
        figures["peak memory, 10 s of speech [MB]"] = peak_memory(options.portrait, ten)
        if options.long:
            minutes = of_length(options.speech, 600, Path(folder))
            figures["peak memory, 10 min of speech [MB]"] = peak_memory(options.portrait, minutes)
    write(figures, options.out)


def write(figures: dict[str, float], folder: Path) -> None:
    today = datetime.date.today().isoformat()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [
        f"# Speed of the rules backbone, {today}",
        "",
        f"`python benchmarks/speed.py {' '.join(sys.argv[1:])}` on {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, PyAV {av.__version__}; load average {load} at the end.",
        "",
        "| what | figure |",
        "| --- | --- |",
        *(
            f"| {name} | {value:.3g} |" if value < 100 else f"| {name} | {value:.0f} |"
            for name, value in figures.items()
        ),
    ]
    target = folder / f"{today}-speed.md"
    target.write_text("\n".join(lines) + "\n")
    print("\n".join(lines[4:]), f"\nwrote {target}")


if __name__ == "__main__":
    main()
