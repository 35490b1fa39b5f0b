"""A recording -> the same words by the same voice, in another feeling, as strong as was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

import dicetalk
from dicetalk.arrays import Float64, Waveform
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.media import Sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.voice.change import Change
from dicetalk.voice.conversion import FULL, converted, moved
from dicetalk.voice.manners import MOVED, Manners, shipped_manners
from dicetalk.voice.pieces import Pieces
from dicetalk.voice.search import Found, amount_for
from dicetalk.voice.tempo import Tempo
from dicetalk.voice.world import RATE, STEP, STEPS_PER_SECOND, Voice, put_together, samples_of, taken_apart

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
        doubts: what could not be done, one line each.
        rate: of the samples [Hz].
    """

    samples: Float64
    tempo: Tempo
    changes: tuple[Change, ...]
    doubts: tuple[str, ...] = ()
    rate: int = RATE

    @property
    def changed(self) -> tuple[Change, ...]:
        """Those by which the voice was moved at all."""
        return tuple(change for change in self.changes if change.amount > 0)

    @property
    def note(self) -> str:
        """That the voice was changed, or was not, in a line."""
        if not self.changed:
            return "the voice was left as it is"
        before, after = float(self.tempo.before[-1]), self.tempo.seconds
        moved = "; ".join(map(str, self.changed))
        return f"the voice was changed: {moved}; it takes {after:.1f} s instead of {before:.1f}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be done, and that the voice was changed, one line each."""
        return (*self.doubts, self.note)

    @property
    def comment(self) -> str:
        """What a file of it should say of itself."""
        told = ", ".join(f"{change.emotion} {change.asked:.2f}" for change in self.changed)
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
    the ranker hears the strength that was asked for. Where there is nothing to move, the samples are the recording's.

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
    strengths, pieces = Strengths(line), Pieces.of(samples)
    asked = strengths.most(len(samples) / RATE)
    trial = Trial.of(pieces, manners, ranker)
    wanted = {name: most for name, most in asked.items() if most >= LEAST_STRENGTH and trial.has_voice}
    changes = tuple(trial.change(name, most) for name, most in wanted.items())
    doubts = tuple(_doubts(changes, line, trial))
    scales = np.array([_scale(name, changes) for name in MOVED])
    if not scales.any():
        return Said(samples, Tempo.of(np.ones(1), len(samples) / RATE), changes, doubts)
    spoken = converted(pieces, lambda times: strengths.at(times) * scales, manners)
    return Said(spoken.samples, spoken.tempo, changes, doubts)


def _scale(name: str, changes: tuple[Change, ...]) -> float:
    """The amount of each unit of strength."""
    return sum(change.amount / change.asked for change in changes if change.emotion == name)


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
        middle: median of the logarithm of the recording's pitch.
        manners: how voices change.
        ranker: who listens.
        before: how strongly that part tells each emotion as it is.
    """

    voice: Voice
    middle: float
    manners: Manners
    ranker: Ranker
    before: Mapping[str, float]

    @classmethod
    def of(cls, pieces: Pieces, manners: Manners, ranker: Ranker) -> Trial:
        """The part of a recording in which most is said."""
        number, part = busiest(pieces.samples)
        steps = slice(part.start // STEP, -(-part.stop // STEP))
        if number == 0:
            voice = pieces.first[steps]
        else:
            voice = taken_apart(pieces.samples[number][part], pieces.pitches[number][steps])
        before = ranker.of(waveform_of(pieces.samples[number][part]))
        return cls(voice, pieces.middle, manners, ranker, before)

    @property
    def has_voice(self) -> bool:
        """Whether the ranker hears a voice: where there is none, all is neutral."""
        return self.before.get(NEUTRAL, 0.0) < 1

    def change(self, emotion: str, asked: float) -> Change:
        """How far to go towards one emotion; nowhere, where it is told as strongly already."""
        before = self.before[emotion]
        found = Found(0.0, before)
        if before < asked:
            found = amount_for(asked, before, lambda amount: self.heard(emotion, amount))
        return Change(emotion, asked, found.amount, before, found.strength)

    def heard(self, emotion: str, amount: float) -> float:
        """The strength that is heard at an amount."""
        amounts = np.zeros((len(self.voice), len(MOVED)))
        amounts[:, MOVED.index(emotion)] = amount
        spoken, _ = moved(self.voice, self.manners.manner(amounts, self.voice.envelope.shape[1]), self.middle)
        return self.ranker.of(waveform_of(put_together(spoken)))[emotion]


def busiest(pieces: Sequence[Float64]) -> tuple[int, slice]:
    """The loudest `LISTENED` seconds: the number of a piece, and which of its samples; all of it, if it is shorter."""
    found = [_loudest(piece) for piece in pieces]
    number = max(range(len(pieces)), key=lambda one: found[one][0])
    return number, found[number][1]


def _loudest(samples: Float64) -> tuple[float, slice]:
    """How much power a part of a piece has, and which it is."""
    size = round(LISTENED * RATE)
    power = np.concatenate([[0.0], np.cumsum(samples**2)])
    starts = np.arange(0, max(len(samples) - size, 0) + 1, STEP)
    stops = np.minimum(starts + size, len(samples))
    some = power[stops] - power[starts]
    best = int(some.argmax())
    return float(some[best]), slice(int(starts[best]), int(stops[best]))


def waveform_of(samples: Float64) -> Waveform:
    """Samples (N,) at `RATE` as they are analysed: 16 bit at 16 kHz; softer where they would not fit."""
    from scipy.signal import resample_poly  # takes a tenth of a second to load

    slow = resample_poly(samples, SPEECH_RATE, RATE)
    slow *= FULL / max(float(np.abs(slow).max()), FULL)
    waveform: Waveform = (slow * 32767).astype(np.int16)
    return waveform


def _doubts(changes: tuple[Change, ...], line: Timeline, trial: Trial) -> Iterator[str]:
    """What cannot be done."""
    unknown = sorted({name for _, feeling in line.keys for name in feeling.strengths if name not in MOVED})
    if unknown:
        yield f"no voice of {', '.join(unknown)} was learned from; that share leaves the voice as it is"
    if not trial.has_voice:
        yield "no voice is heard in the recording that could feel something"
    weak = [change.emotion for change in changes if change.heard < change.asked - SHORT_OF]
    if weak:
        yield f"the voice cannot be made {', '.join(weak)} as strongly as was asked; it goes as far as it can"
