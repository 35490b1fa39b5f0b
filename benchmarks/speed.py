"""Measure speed and memory of the `motion` backbone and write them down.

    python benchmarks/speed.py [--portrait FILE] [--speech FILE] [--out benchmarks/results] [--long]

`--long` also renders 10 minutes of speech (the given one, repeated) to compare peak memory with that of 10 seconds.
Every figure is the median of several runs in one process; memory is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.io import wavfile

from dicetalk.media import read_picture, read_sound
from dicetalk.rates import SPEECH_RATE

RUNS = 5
SIZE = 512


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


def measure_rendering(portrait: Path, speech: Path) -> dict[str, float]:
    """Frames a second of the renderer alone, the first frame, and the whole command, on a face of `SIZE` pixels."""
    import dicetalk
    from dicetalk.backbone import Moves
    from dicetalk.motion.space import concatenate
    from dicetalk.portrait.renderer import Renderer

    # Twice as large, so that the square around the face has `SIZE` pixels to show.
    picture = np.asarray(cv2.resize(read_picture(portrait), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)
    start = time.perf_counter()
    talk = dicetalk.load()
    loaded = time.perf_counter() - start
    next(talk(picture, speech, size=SIZE, crop=True, emotion="happy").stream())  # compiled code is loaded once
    video = talk(picture, speech, size=SIZE, crop=True, emotion="happy")
    backbone = video.backbone
    assert isinstance(backbone, Moves)
    motion = concatenate(list(backbone.act(video.conditions)))[:100]
    renderer = Renderer(video.conditions.portrait, video.conditions.face)

    def first() -> None:
        next(talk(picture, speech, size=SIZE, crop=True, emotion="happy").stream())

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            talk(picture, speech, size=SIZE, crop=True, emotion="happy").save(Path(folder) / "out.mp4")

    rendering = seconds(lambda: sum(1 for _ in renderer.render(motion)))
    command = seconds(whole, 3)
    return {
        "load the object [s]": loaded,
        "first streamed frame, from a picture and a sound file [s]": seconds(first),
        f"rendering at {video.width} x {video.height} [frames/s]": len(motion) / rendering,
        f"whole command for {video.seconds:.1f} s of speech [s]": command,
        "whole command [times real time]": video.seconds / command,
    }


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
    parser.add_argument("--long", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ten = of_length(options.speech, 10, Path(folder))
        figures = {"dicetalk --help [s]": measure_help(), **measure_rendering(options.portrait, ten)}
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
