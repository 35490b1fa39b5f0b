"""A recording -> the same words by the same voice, in another feeling, as strong as was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

import dicetalk
from dicetalk.arrays import Float64, Waveform
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.media import Sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.voice.change import Change
from dicetalk.voice.conversion import FULL, converted, middle_of, moved
from dicetalk.voice.manners import MOVED, Manners, shipped_manners
from dicetalk.voice.search import Found, amount_for
from dicetalk.voice.tempo import Tempo
from dicetalk.voice.world import RATE, STEP, STEPS_PER_SECOND, Voice, pitch_of, put_together, samples_of, taken_apart

LEAST_FADE = 0.3
"""Of a change of feeling in a voice [s]: nobody's voice turns within a vowel."""
LISTENED = 8.0
"""Of the recording, where most is said, is listened to while the amount is sought [s]."""
SHORT_OF = 0.1
"""Strength that is lacking from which on it is told."""
LEAST_STRENGTH = 0.02
"""What is felt less than that leaves the voice alone."""


class Ranker(Protocol):
    """Tells how strongly a voice feels."""

    def of(self, sound: Waveform) -> Mapping[str, float]:
        """The strength of each emotion by its name, 0 to 1."""
        ...


@dataclass(frozen=True, eq=False)
class Said:
    """What is said now.

    Attributes:
        samples: (N,) mono at `rate`.
        tempo: when it is said.
        changes: how far the voice was moved, an entry for each emotion.
        warnings: what could not be done, and that the voice was changed, one line each.
        rate: of the samples [Hz].
    """

    samples: Float64
    tempo: Tempo
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    rate: int = RATE

    @property
    def comment(self) -> str:
        """What a file of it should say of itself."""
        told = ", ".join(f"{change.emotion} {change.asked:.2f}" for change in self.changes if change.amount > 0)
        return f"voice changed by DiceTalk {dicetalk.__version__}: {told}" if told else ""

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold, without the samples."""
        changes = [change.to_json() for change in self.changes]
        before, after = float(self.tempo.before[-1]), self.tempo.seconds
        return {
            "changes": changes,
            "seconds_before": round(before, 3),
            "seconds": round(after, 3),
            "warnings": list(self.warnings),
        }


def speak(sound: Sound, line: Timeline, ranker: Ranker, manners: Manners | None = None) -> Said:
    """The same words in the feelings of a timeline, which tells times of the recording.

    How far the voice is moved follows the timeline; how far that is at its strongest is sought for each emotion, until
    the ranker hears the strength that was asked for.

    Args:
        sound: the recording.
        line: what is to be heard.
        ranker: who listens.
        manners: how voices change; None takes those that come with the package.

    Raises:
        MissingExtraError: pyworld is not installed.
        CheckpointError: the manners are missing.
    """
    manners, samples = manners or shipped_manners(), samples_of(sound.blocks())
    strengths = Strengths(line)
    asked = strengths.most(len(samples) / RATE)
    trial = Trial.of(samples, manners, ranker)
    wanted = {name: most for name, most in asked.items() if most >= LEAST_STRENGTH and trial.has_voice}
    changes = tuple(trial.change(name, most) for name, most in wanted.items())
    scales = {change.emotion: change.amount / change.asked for change in changes}
    spoken = converted(samples, lambda times: strengths.at(times) * [scales.get(name, 0.0) for name in MOVED], manners)
    return Said(spoken.samples, spoken.tempo, changes, tuple(_told(spoken.tempo, changes, line, trial)))


class Strengths:
    """What a voice is to feel at each time, by the emotions that it can be moved towards."""

    def __init__(self, line: Timeline) -> None:
        """Of a timeline; hard cuts become short fades."""
        self._line = Timeline(line.keys, max(line.fade, LEAST_FADE))

    def at(self, times: Float64) -> Float64:
        """(T, E) strengths at times (T,) [s], 0 to 1."""
        mixed: Float64 = self._line.at(times)[:, [NAMES.index(name) for name in MOVED]].astype(np.float64)
        return mixed

    def most(self, seconds: float) -> dict[str, float]:
        """The largest strength of each emotion within a length [s]."""
        found = self.at(np.arange(0, seconds, 1 / STEPS_PER_SECOND)).max(axis=0)
        return dict(zip(MOVED, found.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Trial:
    """A part of a recording that is said again and again while somebody listens.

    Attributes:
        voice: of that part.
        middle: median of the logarithm of its pitch.
        manners: how voices change.
        ranker: who listens.
    """

    voice: Voice
    middle: float
    manners: Manners
    ranker: Ranker

    @classmethod
    def of(cls, samples: Float64, manners: Manners, ranker: Ranker) -> Trial:
        """The part of samples (N,) at `RATE` in which most is said."""
        part = busiest(samples)
        pitch = pitch_of(part)
        return cls(taken_apart(part, pitch), middle_of(pitch), manners, ranker)

    @cached_property
    def has_voice(self) -> bool:
        """Whether the ranker hears a voice: where there is none, all is neutral."""
        return self.ranker.of(waveform_of(put_together(self.voice))).get(NEUTRAL, 0.0) < 1

    def change(self, emotion: str, asked: float) -> Change:
        """How far to go towards one emotion."""
        before = self.heard(emotion, 0.0)
        found = amount_for(asked, lambda amount: self.heard(emotion, amount))
        if before >= asked:
            found = Found(0.0, before)
        return Change(emotion, asked, found.amount, before, found.strength)

    def heard(self, emotion: str, amount: float) -> float:
        """The strength that is heard at an amount."""
        amounts = np.zeros((len(self.voice), len(MOVED)))
        amounts[:, MOVED.index(emotion)] = amount
        spoken, _ = moved(self.voice, self.manners.manner(amounts, self.voice.envelope.shape[1]), self.middle)
        return self.ranker.of(waveform_of(put_together(spoken)))[emotion]


def busiest(samples: Float64) -> Float64:
    """The `LISTENED` seconds of samples (N,) that are loudest; all of them where there are no more."""
    size = round(LISTENED * RATE)
    if len(samples) <= size:
        return samples
    power = np.concatenate([[0.0], np.cumsum(samples**2)])
    starts = np.arange(0, len(samples) - size + 1, STEP)
    start = int(starts[(power[starts + size] - power[starts]).argmax()])
    return samples[start : start + size]


def waveform_of(samples: Float64) -> Waveform:
    """Samples (N,) at `RATE` as they are analysed: 16 bit at 16 kHz; softer where they would not fit."""
    from scipy.signal import resample_poly  # takes a tenth of a second to load

    slow = resample_poly(samples, SPEECH_RATE, RATE)
    slow *= FULL / max(float(np.abs(slow).max()), FULL)
    waveform: Waveform = (slow * 32767).astype(np.int16)
    return waveform


def _told(tempo: Tempo, changes: tuple[Change, ...], line: Timeline, trial: Trial) -> Iterator[str]:
    """What is told about a voice that was changed."""
    unknown = sorted({name for _, feeling in line.keys for name in feeling.strengths if name not in MOVED})
    if unknown:
        yield f"no voice of {', '.join(unknown)} was learned from; that share leaves the voice as it is"
    if not trial.has_voice:
        yield "no voice is heard in the recording that could feel something"
    changed = [change for change in changes if change.amount > 0]
    if not changed:
        yield "the voice was left as it is"
        return
    weak = [change.emotion for change in changed if change.heard < change.asked - SHORT_OF]
    if weak:
        yield f"the voice cannot be made {', '.join(weak)} as strongly as was asked; it goes as far as it can"
    before, after = float(tempo.before[-1]), tempo.seconds
    yield f"the voice was changed: {'; '.join(map(str, changed))}; it takes {after:.1f} s instead of {before:.1f}"
