"""Learns how voices change with feelings: pairs of RAVDESS, the same actor and sentence, neutral and felt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from dicetalk.arrays import Float64
from dicetalk.data.clip import Clip
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import InputError
from dicetalk.files import whole
from dicetalk.media import read_sound
from dicetalk.voice.conversion import SHORTEST_PAUSE, is_spoken, ranked, without_short
from dicetalk.voice.manners import ACTED, MOVED, weights
from dicetalk.voice.world import FLOOR, STEPS_PER_SECOND, Voice, pitch_of, samples_of, taken_apart

WEIGHTS, CARD_NAME = "manners.safetensors", "card.md"
CALM = "02"
"""RAVDESS' code of calm speech, which the reader counts as neutral: it is softer and slower than that."""
STRAIGHT = ("sad",)
"""What is acted strongly in another way than normally, in tears rather than dully: the weaker lies on the way there."""
LEAST_REST = 0.15
"""Is added to pauses before their logarithm is taken: most sentences have none [s]."""
LEAST_SPAN = 0.02
"""Of the logarithm of a pitch that hardly moves."""
LEAST_BREATH = 1e-3
"""Of aperiodicity, so that it has a logarithm."""

CARD = """Not for commercial use: learned from RAVDESS (CC BY-NC-SA 4.0).

# Manners of voices

How a voice differs from the same speaker's neutral one when somebody is {emotions}: pitch and how far it moves, pace,
pauses, spectrum and breath, as actors play it normally and strongly. {numbers} numbers, means over pairs of the same
sentence by the same actor; {pairs} of them, {people} actors. Of sadness what is weaker lies on the way to what was
acted strongly. `dicetalk train manners RAVDESS/ -o OUT` writes it.

RAVDESS: Livingstone & Russo, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLoS ONE 13(5):
e0196391, 2018. Its actors are North American and say two sentences; contempt is not among what they play. How well it
does, and beside what: `benchmarks/results/2026-11-27-voice-conversion.md`.
"""


@dataclass(frozen=True, kw_only=True)
class MannerRecipe:
    """How manners are learned.

    Attributes:
        held_out: people who are not learned from.
    """

    held_out: tuple[str, ...] = tuple(sorted(HELD_OUT))


@dataclass(frozen=True)
class Learned:
    """What was learned, and from how much.

    Attributes:
        table: (E, 2, COLUMNS), see `voice.manners.Manners`.
        pairs: of a felt recording with the neutral ones of its sentence.
        people: who spoke.
    """

    table: Float64
    pairs: int
    people: int


def train_manners(
    data: Sequence[Path], out: Path, recipe: MannerRecipe, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Learn from RAVDESS' folder; writes the table and its card into a folder.

    Raises:
        InputError: not one folder is given, it holds no RAVDESS, or a feeling or somebody's neutral voice is missing.
        MediaError: a recording cannot be read.
        MissingExtraError: pyworld is not installed.
    """
    if len(data) != 1:
        raise InputError(f"{len(data)} folders are given; expected one, of RAVDESS' speech")
    clips = [clip for clip in read_ravdess(data[0]).clips if clip.identity not in recipe.held_out and not is_calm(clip)]
    rows = {}
    for number, clip in enumerate(clips, start=1):
        rows[clip] = row_of(voice_of(clip))
        if progress is not None:
            progress(number, len(clips))
    learned = learned_from(rows)
    out.mkdir(parents=True, exist_ok=True)
    with whole(out / WEIGHTS) as hidden:
        save_file({"manners": learned.table.astype(np.float32)}, hidden)
    told = {"emotions": ", ".join(MOVED), "numbers": learned.table.size, "pairs": learned.pairs}
    (out / CARD_NAME).write_text(CARD.format(**told, people=learned.people), encoding="utf-8")
    return out


def is_calm(clip: Clip) -> bool:
    """Whether it is of RAVDESS' calm, which is no neutral voice."""
    return clip.name.split("-")[2] == CALM


def voice_of(clip: Clip) -> Voice:
    """The voice of a clip.

    Raises:
        MediaError: it cannot be read.
        MissingExtraError: pyworld is not installed.
    """
    assert clip.sound is not None  # films without sound are left out by the reader
    samples = samples_of(read_sound(clip.sound).blocks())
    return taken_apart(samples, pitch_of(samples))


def learned_from(rows: Mapping[Clip, Float64]) -> Learned:
    """The means of how far rows (COLUMNS,) lie from the neutral ones of the same person and sentence.

    Raises:
        InputError: somebody has no neutral recording of a sentence, or nobody feels something.
    """
    plain = _by_sentence(rows)
    found: dict[tuple[str | None, float], list[Float64]] = {}
    for clip, row in rows.items():
        if clip.emotion == NEUTRAL:
            continue
        if (clip.identity, clip.sentence) not in plain:
            raise InputError(f"{clip.identity} says nothing like {clip.name} without feeling; expected a neutral clip")
        found.setdefault((clip.emotion, clip.strength), []).append(row - plain[clip.identity, clip.sentence])
    lacking = [f"{name} at {acted:g}" for name in MOVED for acted in ACTED[1:] if (name, acted) not in found]
    if lacking:
        raise InputError(f"nobody is {lacking[0]} in these clips; expected all of RAVDESS' emotions and strengths")
    means = {key: np.mean(some, axis=0) for key, some in found.items()}
    table = [[_way(means, name, acted) for acted in ACTED[1:]] for name in MOVED]
    return Learned(np.array(table), sum(map(len, found.values())), len({clip.identity for clip in rows}))


def _way(means: Mapping[tuple[str | None, float], Float64], name: str, acted: float) -> Float64:
    """What is changed at an amount that was acted."""
    strongest = ACTED[-1]
    return means[name, strongest] * (acted / strongest) if name in STRAIGHT else means[name, acted]


def _by_sentence(rows: Mapping[Clip, Float64]) -> dict[tuple[str, str], Float64]:
    """The mean neutral row of each person and sentence."""
    plain: dict[tuple[str, str], list[Float64]] = {}
    for clip, row in rows.items():
        if clip.emotion == NEUTRAL:
            plain.setdefault((clip.identity, clip.sentence), []).append(row)
    return {key: np.mean(some, axis=0) for key, some in plain.items()}


def row_of(voice: Voice) -> Float64:
    """(COLUMNS,) of one recording: pitch, its range, length of speech and of pauses, spectrum, breath.

    Raises:
        InputError: nothing in it has a pitch.
    """
    spoken = is_spoken(voice.level)
    first, last = np.flatnonzero(spoken)[[0, -1]]
    within = slice(first, last + 1)
    voiced = voice.pitch[within] > 0
    if voiced.sum() < 2:
        raise InputError("a recording has no voice in it; expected speech")
    pitch = np.log(voice.pitch[within][voiced])
    paused = without_short(~spoken[within], round(SHORTEST_PAUSE * STEPS_PER_SECOND))
    rest, said = (float(some.sum()) / STEPS_PER_SECOND for some in (paused, ~paused))
    means = weights(voice.envelope.shape[1])
    bands = 10 * np.log10(voice.envelope + FLOOR) @ means
    shares = ranked(voice.level[within], paused)
    shares /= shares.sum(axis=1, keepdims=True)
    levels, spectra = shares @ voice.level[within], shares @ bands[within]
    breath = 20 * np.log10(voice.breath[within][voiced] + LEAST_BREATH) @ means
    low, middle, high = np.percentile(pitch, [10, 50, 90])  # where a voice sets in, a few steps are an octave off
    scalars = (middle, np.log(max(high - low, LEAST_SPAN)), np.log(said), np.log(rest + LEAST_REST))
    return np.concatenate([scalars, levels, spectra.ravel(), breath.mean(axis=0)])
