"""Measure how late frames are while their speech is being spoken, from a microphone that keeps real time.

    python benchmarks/live.py --backbone FOLDER [--size 512] [--seconds 20] [--out benchmarks/results]

A frame is as late as it comes after the portion was handed over that holds the sound of the frame's beginning (which
was spoken up to a portion earlier).
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from dicetalk import DiceTalk, assets
from dicetalk.arrays import Float64, Waveform
from dicetalk.diffusion.backbone import load_motion
from dicetalk.media import Picture, read_picture, read_sound
from dicetalk.rates import FPS, SAMPLES_PER_FRAME, SPEECH_RATE

PORTIONS = (20, 40, 100)
"""[ms]"""


class Microphone:
    """Hands sound over when it has been spoken.

    Attributes:
        times: when each portion was handed over [s].
    """

    def __init__(self, waveform: Waveform, samples: int) -> None:
        self._waveform, self._samples = waveform, samples
        self.times: list[float] = []

    def __iter__(self) -> Iterator[Waveform]:
        start = time.perf_counter()
        for end in range(self._samples, len(self._waveform), self._samples):
            time.sleep(max(start + end / SPEECH_RATE - time.perf_counter(), 0))
            self.times.append(start + end / SPEECH_RATE)
            yield self._waveform[end - self._samples : end]

    def handed(self, frame: int) -> float:
        """When the sound of a frame's beginning was handed over [s]."""
        return self.times[frame * SAMPLES_PER_FRAME // self._samples]


def lateness(
    talk: DiceTalk, portrait: Picture, waveform: Waveform, size: int, milliseconds: int
) -> tuple[Float64, float]:
    """(T,) of each frame [s], and the share of one core that all took."""
    microphone = Microphone(waveform, milliseconds * SPEECH_RATE // 1000)
    live = talk.live(portrait, microphone, size=size, crop=True, emotion="happy")
    came, busy, start = [], time.process_time(), time.perf_counter()
    for frames in live:
        came += [time.perf_counter()] * len(frames)
    load = (time.process_time() - busy) / (time.perf_counter() - start)
    certain = len(came) - round(live.behind * FPS)  # the last ones are made because the sound ends
    return np.array([came[frame] - microphone.handed(frame) for frame in range(certain)]), load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", type=Path, required=True, help="folder of a motion checkpoint")
    parser.add_argument("--portrait", type=Path, default=assets.portrait())
    parser.add_argument("--speech", type=Path, default=assets.speech())
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    talk = DiceTalk(load_motion(options.backbone))
    waveform = np.resize(read_sound(options.speech).waveform, round(options.seconds * SPEECH_RATE))
    lines = [
        f"# Live, {datetime.date.today().isoformat()}",
        "",
        f"`python benchmarks/live.py` at {options.size} px, {options.seconds:g} s of sound, on {os.cpu_count()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}; load average {os.getloadavg()[0]:.1f}.",
        "",
        "| portions [ms] | median [ms] | 95 % [ms] | most [ms] | of one core |",
        "| --- | --- | --- | --- | --- |",
    ]
    # Twice as large, so that the square around the face has its pixels to show.
    portrait = cv2.resize(read_picture(options.portrait), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for milliseconds in PORTIONS:
        late, load = lateness(talk, np.asarray(portrait, np.uint8), waveform, options.size, milliseconds)
        half, most, all_ = (1000 * np.percentile(late, share) for share in (50, 95, 100))
        lines.append(f"| {milliseconds} | {half:.0f} | {most:.0f} | {all_:.0f} | {load:.2f} |")
    print("\n".join(lines))
    if options.out is not None:
        (options.out / f"{datetime.date.today().isoformat()}-live.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
