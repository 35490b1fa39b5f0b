"""What hears phones, measured: our front end, and PocketSphinx's English phone decoder, which it has replaced.

    pip install '.[align]'
    dicetalk prepare synthetic /usr/share/locale prepared/synthetic
    python benchmarks/frontend.py prepared/synthetic RAVDESS/ -o benchmarks/results/2026-11-26-frontend.md

On voices and languages of synthesisers that are held out and on acted English speech (RAVDESS, actors 17 to 20), clean
and in white noise. A closure is found where one that was heard touches it, give or take 20 ms; the twelve classes are
ways in which a mouth looks; pauses are those of the labels that last 0.3 s, two hops away from their ends. Intervals
are of 95 %, over clips of up to 12 s. Without PocketSphinx ours is measured alone, and on the synthesisers alone:
it also aligns RAVDESS' known sentences.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicetalk.data.ipa import broad_phones
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.data.synthetic import Shard, read_shards
from dicetalk.easing import gaussian_filter1d
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import HOP, HOPS_PER_SECOND, SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.broad import CLOSED, LIKELY, LIPS, OPENING, PHONES, SILENCE, closures
from dicetalk.speech.echo import find_echoes
from dicetalk.speech.grid import runs
from dicetalk.speech.phonetics import PhoneRows

Array = npt.NDArray[Any]
NOISES = (None, 20, 10, 5, 0)
"""Speech over white noise [dB]; None is clean."""
SECONDS = 12
"""Of a clip of a held-out voice."""
CLIPS = {"espeak": 1, "flite": 6, "festival": 6}
"""Of each held-out voice: there are few that were recorded."""
NEAR = 2
"""Hops."""
MOUTHS = (
    ("SIL",), ("P", "M"), ("F",), ("TH", "T", "N", "RR"), ("L",), ("S",), ("SH",), ("K", "H", "AX"),
    ("R", "W", "U", "O", "UE"), ("I", "E"), ("A", "EH"), ("AO",),
)  # fmt: skip
"""The twelve classes."""
SENTENCES = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}

DRAWS = 1000
Heard = tuple[Array, list[tuple[int, int]], Array, Array]
"""The phone of each hop, closures, how far the lips part, and in which hops they are shut or at rest."""
Listener = Callable[[Waveform], Heard]


@dataclass
class Score:
    """A row a clip: closures that were heard, that there are, heard rightly, that were heard; hops of the right
    class, and hops; correlation of the opening; hops of pauses in which lips are shut, and hops of pauses."""

    clips: list[list[float]] = field(default_factory=list)

    def add(self, phones: Array, heard: Array, told: list[tuple[int, int]], opening: Array, shut: Array) -> None:
        said, there = phones != SILENCE, spans(np.isin(phones, CLOSED))
        found = [touched(there, told), len(there), touched(told, there), len(told)]
        right = mouth_of()[phones[said]] == mouth_of()[heard[said]]
        lips = gaussian_filter1d(OPENING[phones].astype(np.float64), LIPS)
        inner = [hop for start, stop in spans(~said) if stop - start >= 30 for hop in range(start + 2, stop - 2)]
        agreed = float(np.corrcoef(lips, opening)[0, 1])
        self.clips.append([*found, right.sum(), right.size, agreed, shut[inner].sum(), len(inner)])

    def cells(self) -> list[str]:
        rows = np.array(self.clips)
        rng = np.random.default_rng(0)
        drawn = np.array([_figures(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(DRAWS)])
        low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
        cells = [f"{value:.2f} ({a:.2f} to {b:.2f})" for value, a, b in zip(_figures(rows), low, high, strict=True)]
        return [*cells, f"{rows[:, 1].sum():.0f}", str(len(rows))]


def _figures(rows: Array) -> Array:
    """Recall, precision, classes, opening, pauses; NaN where there is nothing to count."""
    sums = rows.sum(0)
    shares = [sums[a] / sums[b] if sums[b] else np.nan for a, b in ((0, 1), (2, 3), (4, 5), (7, 8))]
    return np.array([*shares[:3], rows[:, 6].mean(), shares[3]])


def spans(chosen: Array) -> list[tuple[int, int]]:
    return [(start, stop) for start, stop in runs(chosen) if chosen[start]]


def touched(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> int:
    return sum(any(a < d + NEAR and c < b + NEAR for c, d in theirs) for a, b in ours)


@cache
def mouth_of() -> Array:
    """(24,) the class of each broad phone."""
    return np.array([next(n for n, names in enumerate(MOUTHS) if name in names) for name in PHONES])


def ours(wave: Waveform) -> Heard:
    """What the network hears; but pauses as the lips have them, which also go by the level."""
    rows, lips = rows_of(wave), listen(wave).phones[: len(wave) // HOP]
    shares = rows[:, : len(PHONES)].copy()
    told = closures(shares)
    shares[:, CLOSED] = 0
    heard = shares.argmax(1)
    for start, stop in told:
        heard[start:stop] = CLOSED[0]
    shut = np.isin(heard, (SILENCE, *CLOSED)) | (lips[:, SILENCE] > LIKELY)
    return heard, told, rows[:, -1], shut


def rows_of(wave: Waveform) -> Array:
    return PhoneRows(wave, find_echoes(wave)).between(0, len(wave) // HOP)


@cache
def decoder() -> Any:
    from pocketsphinx import Config, Decoder, get_model_path

    model = f"{get_model_path()}/en-us"
    options = {"hmm": f"{model}/en-us", "allphone": f"{model}/en-us-phone.lm.bin"}
    return Decoder(Config(**options, lw=2.0, beam=1e-20, pbeam=1e-20, logfn=os.devnull, loglevel="FATAL"))


def pocketsphinx(wave: Waveform) -> Heard:
    hears = decoder()
    hears.start_utt()
    hears.process_raw(wave.tobytes(), full_utt=True)
    hears.end_utt()
    times = [(s.start_frame / HOPS_PER_SECOND, (s.end_frame + 1) / HOPS_PER_SECOND, s.word) for s in hears.seg() or ()]
    phones = laid(times, len(wave) // HOP)
    lips = gaussian_filter1d(OPENING[phones].astype(np.float64), LIPS)
    return phones, spans(np.isin(phones, CLOSED)), lips, np.isin(phones, (SILENCE, *CLOSED))


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
    """Kind, sound and phones of clips of every voice that was not learned from."""
    hops = SECONDS * HOPS_PER_SECOND
    for shard in read_shards(folder):
        if shard.held_out:
            for number in range(CLIPS[shard.name.split(" ")[0]]):
                part = slice(number * hops, (number + 1) * hops)
                phones = shard.phones[part].astype(np.int64)
                if len(phones):
                    yield _kind(shard), shard.sound[part.start * HOP : part.stop * HOP], phones


def _kind(shard: Shard) -> str:
    program, language, _ = shard.name.split(" ")
    if program == "espeak":
        return {"de": "German", "ko": "Korean", "pl": "Polish"}.get(language, "held-out voices of eSpeak NG")
    return "held-out recorded voices"


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


COLUMNS = (
    "speech", "noise", "heard by", "p b m recall", "precision", "12 mouths", "opening r", "shut in pauses", "closures",
    "clips",
)  # fmt: skip


def report(synthetic: Path, ravdess: Path) -> Iterator[str]:
    clips = list(held_out(synthetic))
    listeners: dict[str, Listener] = {"ours": ours}
    if find_spec("pocketsphinx") is not None:
        listeners["PocketSphinx"] = pocketsphinx
        clips += [("acted English (RAVDESS 17-20)", wave, phones) for wave, phones in acted(ravdess)]
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    for key, score in sorted(scored(clips, listeners).items(), key=lambda item: (item[0][0], item[0][2])):
        yield f"| {' | '.join([*key, *score.cells()])} |"
    yield ""
    yield "CPU seconds a second of sound: " + ", ".join(spent(clips, listeners))


def scored(
    clips: list[tuple[str, Waveform, Array]], listeners: dict[str, Listener]
) -> dict[tuple[str, str, str], Score]:
    """By speech, noise and listener."""
    scores: dict[tuple[str, str, str], Score] = {}
    rng = np.random.default_rng(0)
    for kind, clean, phones in clips:
        for noise in NOISES:
            wave = noisy(clean, noise, rng)
            for name, listen_ in listeners.items():
                heard, told, opening, shut = listen_(wave)
                key = kind, "clean" if noise is None else f"{noise} dB", name
                scores.setdefault(key, Score()).add(phones, heard[: len(phones)], told, opening[: len(phones)], shut)
    return scores


def spent(clips: list[tuple[str, Waveform, Array]], listeners: dict[str, Listener]) -> Iterator[str]:
    """What each takes for a tenth of the clips; ours the rows alone, which is what the decoder gives."""
    chosen = [wave for _, wave, _ in clips[::10]]
    for name, work in {**listeners, "ours": rows_of}.items():
        start = time.process_time()
        for wave in chosen:
            work(wave)
        yield f"{name} {(time.process_time() - start) * SPEECH_RATE / sum(map(len, chosen)):.4f}"


if __name__ == "__main__":
    main()
