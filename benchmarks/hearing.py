"""How well hearing is taught into a space: by people apart, at any level, in other voices and languages.

    python benchmarks/hearing.py people PREPARED[,PREPARED] RUNS --space FACES [--set loop.steps=300]
    python benchmarks/hearing.py splits PREPARED[,PREPARED] RUNS --space FACES [--count 10]
    python benchmarks/hearing.py levels RAVDESS EMBEDDER
    python benchmarks/hearing.py plain SOUNDS EMBEDDER

`people` leaves one actor of RAVDESS out at a time, `splits` four chosen by chance: how often the likeliest name is
right, how far the confidence is from that, how well a linear probe tells who speaks. `levels` reads the recordings of
the actors held out 20 dB softer and louder than they are, and through codecs; `plain` tells how
often speech in which nothing is felt is neutral, voice by voice. Runs go on where they were stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.config import changed
from dicetalk.data.dataset import Recordings, load_recordings
from dicetalk.data.folder import read_folder
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.emotion.embedding import Embedder
from dicetalk.emotion.priors import VOICE_LIKENESS, likeness, read_priors
from dicetalk.emotion.space import PRIORS
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.evaluation.embedder import heard_means
from dicetalk.evaluation.emotion_score import Vectors, probe_identity
from dicetalk.evaluation.probes import score
from dicetalk.media import Waveform, read_sound
from dicetalk.media.codec import MP3, OPUS, TELEPHONE, through_codec
from dicetalk.recording import heard
from dicetalk.sources.heard import voice_feeling
from dicetalk.training.hearing import HearingRecipe, train_hearing
from dicetalk.training.recipes import HEARING_SMALL
from dicetalk.voice.frames import voice_frames

BINS = 10
ACTORS = tuple(f"ravdess_{number:02d}" for number in range(1, 21))


def calibration_error(confidence: Float64, right: Float64, bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al. 2015) of confidence (N,) against what is right (N,), by bins."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(float((confidence - right)[place == k].sum())) for k in range(bins)]
    return sum(gaps) / len(confidence)


def taught(data: Recordings, folders: Sequence[Path], runs: Path, base: HearingRecipe, apart: Sequence[str]) -> Float32:
    """Means of the people apart, by a network that has not heard them."""
    out = runs / "-".join(name.removeprefix("ravdess_") for name in apart)
    if not (out / "config.json").exists():
        train_hearing(folders, out, replace(base, held_out=tuple(apart)))
    clips = data.of(apart)
    return heard_means(out, clips.part(clips.heard)).astype(np.float32)


def told(means: Float32, space: Path, temperature: float) -> tuple[Int64, Float64]:
    """The likeliest name of each clip, by number, and its confidence, both (N,)."""
    shares = likeness(means, read_priors(space / PRIORS), HEARD, temperature)
    return np.array([NAMES.index(name) for name in HEARD])[shares.argmax(1)], shares.max(1).astype(np.float64)


def people(
    data: Recordings, folders: Sequence[Path], runs: Path, base: HearingRecipe, temperatures: Sequence[float]
) -> Iterator[str]:
    """Leave one out."""
    space, found, truth = Path(base.space), [], []
    for who in ACTORS:
        clips = data.of([who])
        found.append(taught(data, folders, runs, base, [who]))
        truth.append(clips.part(clips.heard).emotions.numpy())
    names = [told(means, space, VOICE_LIKENESS)[0] for means in found]
    each = np.array([score(chosen, right, 2).accuracy for chosen, right in zip(names, truth, strict=True)])
    means, emotions = np.concatenate(found), np.concatenate(truth)
    rng = np.random.default_rng(0)
    low, high = np.percentile([each[rng.integers(len(each), size=len(each))].mean() for _ in range(1000)], [2.5, 97.5])
    yield f"each of {len(ACTORS)} actors left out: {each.mean():.3f} ({low:.3f} to {high:.3f}, over actors)"
    yield "each actor: " + " ".join(f"{value:.2f}" for value in each)
    for temperature in temperatures:
        chosen, confidence = told(means, space, temperature)
        error = calibration_error(confidence, (chosen == emotions).astype(float))
        yield f"temperature {temperature:g}: mean confidence {confidence.mean():.3f}, calibration error {error:.3f}"


def splits(data: Recordings, folders: Sequence[Path], runs: Path, base: HearingRecipe, count: int) -> Iterator[str]:
    """Four held out, chosen by chance."""
    rng, found = np.random.default_rng(0), []
    for _ in range(count):
        apart = sorted(rng.choice(ACTORS, 4, replace=False).tolist())
        means = taught(data, folders, runs, base, apart)
        clips = data.of(apart)
        clips = clips.part(clips.heard)
        vectors = Vectors(means.astype(np.float64), clips.emotions.numpy(), clips.identities.numpy())
        who = probe_identity(vectors)
        chosen, _ = told(means, Path(base.space), VOICE_LIKENESS)
        right = score(chosen, clips.emotions.numpy())
        found.append((who.accuracy / who.chance, right.accuracy))
        yield f"{' '.join(apart)}: who {who}, {found[-1][0]:.2f} x chance; emotion {right}"
    ratio, right = np.mean(found, axis=0)
    spread = np.std(found, axis=0, ddof=1) / np.sqrt(count) * 1.96
    yield f"mean of {count} splits: who {ratio:.2f} +- {spread[0]:.2f} x chance; emotion {right:.3f} +- {spread[1]:.3f}"


def gained(waveform: Waveform, decibels: float) -> Waveform:
    return np.clip(np.round(waveform * 10 ** (decibels / 20)), -32768, 32767).astype(np.int16)


CHANGES = {
    "as recorded": lambda waveform: waveform,
    "-20 dB": lambda waveform: gained(waveform, -20),
    "+20 dB": lambda waveform: gained(waveform, 20),
    "telephone": lambda waveform: through_codec(waveform, TELEPHONE),
    "Opus 12 kb/s": lambda waveform: through_codec(waveform, OPUS, 12_000),
    "MP3 24 kb/s": lambda waveform: through_codec(waveform, MP3, 24_000),
}


def levels(folder: Path, embedder: Embedder) -> Iterator[str]:
    """The recordings held out, changed."""
    clips = [clip for clip in read_ravdess(folder).clips if clip.identity in HELD_OUT and clip.sound is not None]
    waveforms = [read_sound(clip.sound).waveform for clip in clips if clip.sound is not None]
    truth = np.array([NAMES.index(str(clip.emotion)) for clip in clips])
    for name, change in CHANGES.items():
        means = np.stack([embedder.embed(heard(change(waveform)).speech, None).mean for waveform in waveforms])
        chosen, confidence = told(means, embedder.folder, VOICE_LIKENESS)
        error = calibration_error(confidence, (chosen == truth).astype(float))
        yield f"{name}: {score(chosen, truth)}, calibration error {error:.3f}"


def plain(folder: Path) -> Iterator[str]:
    """How often each voice is neutral."""
    found: dict[str, list[bool]] = {}
    for clip in read_folder(folder).clips:
        if clip.sound is not None:
            waveform = read_sound(clip.sound).waveform
            rows = heard(waveform).speech
            assert rows is not None
            found.setdefault(clip.identity, []).append(not voice_feeling(rows, voice_frames(waveform)).strengths)
    for who, neutral in sorted(found.items()):
        yield f"{who}: {sum(neutral)} of {len(neutral)} {NEUTRAL}"
    everyone = np.concatenate(list(found.values()))
    yield f"all: {everyone.sum()} of {len(everyone)}, {everyone.mean():.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("people", "splits", "levels", "plain"))
    parser.add_argument("data", type=lambda text: [Path(folder) for folder in text.split(",")])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--space", default="")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.3, 0.35, 0.4, 0.45, 0.5, 0.6])
    parser.add_argument("--set", dest="changes", nargs="*", default=[], metavar="OPTION=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.what in ("people", "splits"):
        changes = [*asked.changes, *([f"space={asked.space}"] if asked.space else [])]
        base, data = changed(HEARING_SMALL, changes), load_recordings(*asked.data)
        lines = (
            people(data, asked.data, asked.runs, base, asked.temperatures)
            if asked.what == "people"
            else splits(data, asked.data, asked.runs, base, asked.count)
        )
    else:
        lines = levels(asked.data[0], Embedder(asked.runs)) if asked.what == "levels" else plain(asked.data[0])
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
