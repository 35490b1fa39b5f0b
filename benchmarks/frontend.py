"""What hears phones, measured: our front end, and PocketSphinx's English phone decoder, which it has replaced.

    pip install '.[align]'
    dicetalk prepare synthetic /usr/share/locale prepared/synthetic
    python benchmarks/frontend.py prepared/synthetic RAVDESS/ -o benchmarks/results/2026-11-26-frontend.md

On voices and languages of synthesisers that are held out, clean and in white noise; and on acted English speech
(RAVDESS, actors 17 to 20), whose known sentences PocketSphinx aligns. A closure is found where one that was heard
touches it, give or take 20 ms; the twelve classes are ways in which a mouth looks; pauses are those of the labels that
last 0.3 s, two hops away from their ends.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicetalk.data.ipa import broad_phones
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.data.synthetic import Shard, read_shards
from dicetalk.easing import gaussian_filter1d
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import HOP, HOPS_PER_SECOND
from dicetalk.speech.broad import CLOSED, OPENING, PHONES, SHUT, SILENCE, likelihood
from dicetalk.speech.grid import runs
from dicetalk.speech.phonetics import PhoneRows

Array = npt.NDArray[Any]
NOISES = (None, 20, 10, 5, 0)
"""Speech over white noise [dB]; None is clean."""
SECONDS = 12
"""Of each held-out voice."""
NEAR = 2
"""Hops."""
LIPS = 2.5
"""Standard deviation of the time over which lips move [hops]."""
MOUTHS = (
    ("SIL",), ("P", "M"), ("F",), ("TH", "T", "N", "RR"), ("L",), ("S",), ("SH",), ("K", "H", "AX"),
    ("R", "W", "U", "O", "UE"), ("I", "E"), ("A", "EH"), ("AO",),
)  # fmt: skip
"""The twelve classes."""
SENTENCES = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
Listener = Callable[[Waveform], tuple[Array, Array]]
"""A clip -> the phone of each hop, and how far the lips part."""


@dataclass
class Score:
    """Counts over clips."""

    found: Array = field(default_factory=lambda: np.zeros(4))
    """Closures that were heard, that there are; that were heard rightly, that were heard."""
    right: list[float] = field(default_factory=list)
    opening: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def add(self, phones: Array, heard: Array, opening: Array) -> None:
        said, there = phones != SILENCE, spans(np.isin(phones, CLOSED))
        told = spans(np.isin(heard, CLOSED))
        self.found += (touched(there, told), len(there), touched(told, there), len(told))
        self.right.append(float((mouth_of()[phones[said]] == mouth_of()[heard[said]]).mean()))
        lips = gaussian_filter1d(OPENING[phones].astype(np.float64), LIPS)
        self.opening.append(float(np.corrcoef(lips, opening)[0, 1]))
        inner = [hop for start, stop in spans(~said) if stop - start >= 30 for hop in range(start + 2, stop - 2)]
        self.pauses.append(float(np.isin(heard[inner], (SILENCE, *CLOSED)).mean()) if inner else np.nan)

    def cells(self) -> list[str]:
        hit, there, rightly, told = self.found
        values = (
            hit / max(there, 1),
            rightly / max(told, 1),
            np.mean(self.right),
            np.mean(self.opening),
            np.nanmean(self.pauses),
        )
        return [f"{value:.2f}" for value in values] + [f"{there:.0f}"]


def spans(chosen: Array) -> list[tuple[int, int]]:
    return [(start, stop) for start, stop in runs(chosen) if chosen[start]]


def touched(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> int:
    return sum(any(a < d + NEAR and c < b + NEAR for c, d in theirs) for a, b in ours)


@cache
def mouth_of() -> Array:
    """(24,) the class of each broad phone."""
    return np.array([next(n for n, names in enumerate(MOUTHS) if name in names) for name in PHONES])


def ours(wave: Waveform) -> tuple[Array, Array]:
    rows = PhoneRows(wave).between(0, len(wave) // HOP)
    shares = rows[:, : len(PHONES)].copy()
    shut = likelihood(shares, CLOSED) > SHUT
    shares[:, CLOSED] = 0
    return np.where(shut, CLOSED[0], shares.argmax(1)), rows[:, -1]


@cache
def decoder() -> Any:
    from pocketsphinx import Config, Decoder, get_model_path

    model = f"{get_model_path()}/en-us"
    options = {"hmm": f"{model}/en-us", "allphone": f"{model}/en-us-phone.lm.bin"}
    return Decoder(Config(**options, lw=2.0, beam=1e-20, pbeam=1e-20, logfn=os.devnull, loglevel="FATAL"))


def pocketsphinx(wave: Waveform) -> tuple[Array, Array]:
    hears = decoder()
    hears.start_utt()
    hears.process_raw(wave.tobytes(), full_utt=True)
    hears.end_utt()
    times = [(s.start_frame / HOPS_PER_SECOND, (s.end_frame + 1) / HOPS_PER_SECOND, s.word) for s in hears.seg() or ()]
    phones = laid(times, len(wave) // HOP)
    return phones, gaussian_filter1d(OPENING[phones].astype(np.float64), LIPS)


def laid(times: list[tuple[float, float, str]], hops: int) -> Array:
    """Start [s], end [s] and ARPAbet of phones -> the broad phone of each hop."""
    phones = np.zeros(hops, np.int64)
    for start, end, label in times:
        seconds = end - start
        for part in broad_phones(label.rstrip("012").lower() if label.isalnum() else "sil", "en"):
            stop = start + part.share * seconds
            phones[round(start * HOPS_PER_SECOND) : round(stop * HOPS_PER_SECOND)] = part.phone
            start = stop
    return phones


def aligned(wave: Waveform, sentence: str, aligner: Any) -> Array | None:
    """The broad phone of each hop of a known sentence; None where the aligner gives up."""
    try:
        aligner.set_align_text(sentence)
        for again in (False, True):
            if again:
                aligner.set_alignment()
            aligner.start_utt()
            aligner.process_raw(wave.tobytes(), full_utt=True)
            aligner.end_utt()
        entries = [phone for word in aligner.get_alignment() for phone in word]
    except RuntimeError:
        return None
    times = [(e.start / HOPS_PER_SECOND, (e.start + e.duration) / HOPS_PER_SECOND, e.name) for e in entries]
    return laid(times, len(wave) // HOP)


def acted(folder: Path) -> Iterator[tuple[Waveform, Array]]:
    from pocketsphinx import Config, Decoder, get_model_path

    model = f"{get_model_path()}/en-us"
    options = {"hmm": f"{model}/en-us", "dict": f"{model}/cmudict-en-us.dict", "lm": None}
    aligner = Decoder(Config(**options, logfn=os.devnull, loglevel="FATAL"))
    for clip in read_ravdess(folder).clips:
        if clip.identity in HELD_OUT and clip.sound is not None:
            wave = read_sound(clip.sound).waveform
            phones = aligned(wave, SENTENCES[clip.sentence], aligner)
            if phones is not None:
                yield wave, phones


def held_out(folder: Path) -> Iterator[tuple[str, Waveform, Array]]:
    """Kind, beginning and phones of every voice that was not learned from."""
    for shard in read_shards(folder):
        if shard.held_out:
            hops = min(SECONDS * HOPS_PER_SECOND, len(shard.phones))
            yield _kind(shard), shard.sound[: hops * HOP], shard.phones[:hops].astype(np.int64)


def _kind(shard: Shard) -> str:
    program, language, _ = shard.name.split(" ")
    if program == "espeak":
        return {"de": "German", "ko": "Korean", "pl": "Polish"}.get(language, "other voices of eSpeak NG")
    return "other recorded voices"


def noisy(wave: Waveform, decibels: int | None, rng: np.random.Generator) -> Waveform:
    if decibels is None:
        return wave
    loud = np.sqrt(np.mean(wave[np.abs(wave) > 30].astype(np.float64) ** 2))
    noise = rng.normal(size=len(wave)) * loud * 10 ** (-decibels / 20)
    return np.clip(wave + noise, -32768, 32767).astype(np.int16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synthetic", type=Path)
    parser.add_argument("ravdess", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    page = "\n".join(report(arguments.synthetic, arguments.ravdess))
    print(page)
    if arguments.output:
        arguments.output.write_text(page + "\n", encoding="utf-8")


def report(synthetic: Path, ravdess: Path) -> Iterator[str]:
    scores: dict[tuple[str, str, str], Score] = {}
    spent, seconds = {"ours": 0.0, "PocketSphinx": 0.0}, 0.0
    rng = np.random.default_rng(0)
    clips = [
        (kind, noisy(wave, noise, rng), phones, noise) for kind, wave, phones in held_out(synthetic) for noise in NOISES
    ]
    clips += [("acted English (RAVDESS 17-20)", wave, phones, None) for wave, phones in acted(ravdess)]
    listeners: dict[str, Listener] = {"ours": ours, "PocketSphinx": pocketsphinx}
    for kind, wave, phones, noise in clips:
        seconds += len(wave) / HOP / HOPS_PER_SECOND
        for name, listen in listeners.items():
            start = time.process_time()
            heard, opening = listen(wave)
            spent[name] += time.process_time() - start
            key = kind, "clean" if noise is None else f"{noise} dB", name
            scores.setdefault(key, Score()).add(phones, heard[: len(phones)], opening[: len(phones)])
    yield "| speech | noise | heard by | p b m recall | precision | 12 mouths | opening r | shut in pauses | closures |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for (kind, noise, name), score in sorted(scores.items(), key=lambda item: (item[0][0], item[0][2])):
        yield f"| {' | '.join([kind, noise, name, *score.cells()])} |"
    yield ""
    yield "CPU seconds a second of sound: " + ", ".join(f"{name} {each / seconds:.4f}" for name, each in spent.items())


if __name__ == "__main__":
    main()
