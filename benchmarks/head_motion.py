"""How heads move in real clips and in acted ones, beside what real clips differ by among themselves.

    python benchmarks/head_motion.py clips/ -o benchmarks/results/ --leave-out 043 --leave-out 044

The rules act the clips' own sound, so that both are equally long and say the same. They are measured as they were acted
and as they are read off rendered frames, with the same eyes as the real ones. Nothing of a clip is kept but averages.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import dicetalk
from dicetalk.acting.performer import act
from dicetalk.acting.take import rehearse
from dicetalk.data.procedural import feeling_of, perform_as, virtual_actor
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.head_motion import (
    CHANNELS,
    FREQUENCIES,
    HeadClip,
    Range,
    distance,
    floor,
    head_clip,
    jerkiness,
    lift,
    liveliness_spread,
    mean_over,
    nod_coherence,
    spectra,
    stirring,
    strangers,
    together,
    turning_coherence,
)
from dicetalk.media import read_sound
from dicetalk.speech import Speech, listen
from dicetalk.tracking.tracker import watch, watch_frames

PORTRAITS = sorted((Path(__file__).resolve().parents[1] / "docs" / "pictures" / "portraits").glob("*.jpg"))
MEASURES = (nod_coherence, turning_coherence, stirring, lift, jerkiness)
TAKES = 20
SHOWN = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Frequencies of the table of spectra [Hz]."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """A real clip: its file, its head, its voice."""

    path: Path
    head: HeadClip
    speech: Speech


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="folder of videos of one person who speaks")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--leave-out", action="append", default=[], help="clips whose names begin so; may be repeated")
    options = parser.parse_args()
    paths = sorted(options.clips.glob("*.mp4"))
    filmed = [film(path) for path in paths if not path.name.startswith(tuple(options.leave_out))]
    target = options.output / f"{datetime.date.today()}-head.md"
    target.write_text("\n".join(report(filmed)) + "\n", encoding="utf-8")
    print(target)


def film(path: Path) -> Filmed:
    speech = listen(read_sound(path).waveform)
    return Filmed(path, head_clip(watch(path).motion.pose, speech), speech)


def report(filmed: list[Filmed]) -> list[str]:
    """The page: distances and ties to the voice, then spectra, then how channels and people differ."""
    real = [clip.head for clip in filmed]
    there = spectra(real)
    rows = {name: list(takes) for name, takes in generated(filmed)}
    seconds = sum(len(clip.pose) for clip in real) / 25
    return [
        f"# Head motion, {datetime.date.today()}",
        "",
        f"{len(real)} real clips, {seconds:.0f} s; {TAKES} takes of each by the rules. 95 % intervals: over clips; of",
        "distances over takes, and over halves of the real clips.",
        "",
        *table(real, there, rows),
        *spectrum_table(there, rows),
        *channels_table(real, rows),
        *spread_lines(there, rows),
    ]


def generated(filmed: list[Filmed]) -> Iterable[tuple[str, Iterable[list[HeadClip]]]]:
    """By name, takes of all clips."""
    yield "rules, neutral", (acted(filmed, take, ["neutral"]) for take in range(TAKES))
    yield "rules, eight emotions", (acted(filmed, take, NAMES) for take in range(TAKES))
    yield "virtual actors", (acted_as_others(filmed, take) for take in range(TAKES))
    yield "rules, neutral, read off frames", [read_back(filmed, 0)]


def acted(filmed: list[Filmed], take: int, emotions: Sequence[str]) -> list[HeadClip]:
    return [acted_one(clip, 1000 * take + n, emotions[(take + n) % len(emotions)]) for n, clip in enumerate(filmed)]


def acted_one(clip: Filmed, seed: int, emotion: str) -> HeadClip:
    frames = clip.speech.frames
    felt = 0.2 * np.eye(len(NAMES))[0] + 0.8 * np.eye(len(NAMES))[NAMES.index(emotion)]
    return head_clip(act(clip.speech, np.tile(felt, (frames, 1)), rehearse(frames, seed)).pose, clip.speech)


def acted_as_others(filmed: list[Filmed], take: int) -> list[HeadClip]:
    clips = []
    for n, clip in enumerate(filmed):
        seed, emotion = 1000 * take + n, NAMES[(take + n) % len(NAMES)]
        clips.append(
            head_clip(perform_as(virtual_actor(seed), clip.speech, feeling_of(emotion, 0.8), seed).pose, clip.speech)
        )
    return clips


def read_back(filmed: list[Filmed], take: int) -> list[HeadClip]:
    """The same, rendered on portraits and read again."""
    clips = []
    for n, clip in enumerate(filmed):
        portrait = PORTRAITS[n % len(PORTRAITS)]
        video = dicetalk.load()(portrait, clip.path, emotion="neutral", size=320, crop=True, seed=1000 * take + n)
        sight = watch_frames(frame for chunk in video.stream() for frame in chunk)
        assert sight is not None
        clips.append(head_clip(sight.motion.pose, clip.speech))
    return clips


def table(real: list[HeadClip], there: np.ndarray, rows: dict[str, list[list[HeadClip]]]) -> list[str]:
    titles = ("clips", "spectral distance [log10]", *(m.__name__.replace("_", " ") for m in MEASURES))
    lines = [line(titles), "|" + " --- |" * len(titles)]
    lines.append(line(("real", f"{floor(there)} of halves", *(mean_over(m, real) for m in MEASURES))))
    lines.append(line(("real, with other voices", "", *(mean_over(m, strangers(real)) for m in MEASURES[:4]), "")))
    for name, takes in rows.items():
        every = [clip for take in takes for clip in take]
        lines.append(line((name, over_takes(takes, there), *(mean_over(m, every) for m in MEASURES))))
    return [*lines, ""]


def over_takes(takes: list[list[HeadClip]], there: np.ndarray) -> str:
    found = [distance(spectra(take), there) for take in takes]
    if len(found) == 1:
        return f"{found[0]:.2f}"
    low, high = np.percentile(found, [2.5, 97.5])
    return str(Range(float(np.median(found)), float(low), float(high)))


def spectrum_table(there: np.ndarray, rows: dict[str, list[list[HeadClip]]]) -> list[str]:
    """Mean log10 power density, real and acted."""
    titles = ("channel", "clips", *(f"{hertz:g} Hz" for hertz in SHOWN))
    lines = ["Mean log10 power density [rad^2/Hz, (inter-ocular distance)^2/Hz]:", "", line(titles)]
    lines.append("|" + " --- |" * len(titles))
    sets = {"real": there, **{name: spectra([c for take in takes for c in take]) for name, takes in rows.items()}}
    at = [int(np.abs(np.log(FREQUENCIES / hertz)).argmin()) for hertz in SHOWN]
    for number, channel in enumerate(CHANNELS):
        for name, found in sets.items():
            lines.append(line((channel, name, *(f"{value:.2f}" for value in found.mean(0)[number, at]))))
    return [*lines, ""]


def channels_table(real: list[HeadClip], rows: dict[str, list[list[HeadClip]]]) -> list[str]:
    """How channels correlate, real and neutral."""
    one, two = together(real), together([clip for take in rows["rules, neutral"] for clip in take])
    lines = ["Correlation of channels, real / rules:", "", line(("", *CHANNELS)), "|" + " --- |" * (len(CHANNELS) + 1)]
    for number, channel in enumerate(CHANNELS):
        pairs = zip(one[number], two[number], strict=True)
        lines.append(line((channel, *(f"{a:.2f} / {b:.2f}" for a, b in pairs))))
    return [*lines, ""]


def spread_lines(there: np.ndarray, rows: dict[str, list[list[HeadClip]]]) -> list[str]:
    lines = ["How far clips differ in how much heads move (logarithm of amplitude): in all of it, in each channel.", ""]
    sets = {"real": there, **{name: spectra([c for take in takes for c in take]) for name, takes in rows.items()}}
    for name, found in sets.items():
        whole, own = liveliness_spread(found)
        lines.append(f"- {name}: {whole:.2f}, {own:.2f}")
    return lines


def line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
