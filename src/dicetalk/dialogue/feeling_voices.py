"""Lines whose voices feel what is planned in them."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float64, Int16
from dicetalk.dialogue.plan import Plan
from dicetalk.dialogue.voices import RATE, Spoken
from dicetalk.emotion.timeline import Timeline
from dicetalk.media import read_sound
from dicetalk.voice.speaker import Said, speak
from dicetalk.voice.strength import VoiceStrength
from dicetalk.voice.wanted import VoiceWanted


def feeling_voices(
    lines: Sequence[Spoken], plan: Plan, wanted: VoiceWanted, folder: Path, told: Callable[[], None]
) -> list[Spoken]:
    """The lines in voices that feel something.

    Args:
        lines: as they were recorded.
        plan: what is felt in each.
        wanted: what the voice is to feel, beside that.
        folder: for files that are not kept.
        told: is called after each line.

    Raises:
        MissingExtraError: pyworld is not installed.
    """
    made = []
    for number, (line, planned) in enumerate(zip(lines, plan.lines, strict=True), start=1):
        sound = read_sound(written(folder / "line.wav", line.samples))
        face = Timeline([(0.0, planned.feeling)])
        said = speak(sound, wanted.line(face, sound.seconds), VoiceStrength.load())
        made.append(replace(_heard(line, said), warnings=(*line.warnings, *_doubts(number, said))))
        told()
    return made


def note_of(lines: Sequence[Spoken]) -> str:
    """How many lines were changed, in a line."""
    return f"the voice was changed in {sum(any(line.changes) for line in lines)} of {len(lines)} lines"


def written(path: Path, samples: Int16) -> Path:
    """Samples (N,) at `RATE` as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def _heard(line: Spoken, said: Said) -> Spoken:
    """What is said now; a line that stays keeps its samples."""
    return Spoken(_at_rate(said.samples, said.rate), changes=said.changed) if said.changed else line


def _at_rate(samples: Float64, rate: int) -> Int16:
    from scipy.signal import resample_poly  # takes a tenth of a second to load

    whole = np.round(np.clip(resample_poly(samples, RATE, rate), -1, 1) * 32767)
    return np.asarray(whole, np.int16)


def _doubts(number: int, said: Said) -> Iterator[str]:
    return (f"line {number}: {doubt}" for doubt in said.doubts)
