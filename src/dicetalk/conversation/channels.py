"""Turns heard in the channels of a recording, one speaker each, as calls and podcasts are recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.arrays import Bool
from dicetalk.emotion.moments import Moment
from dicetalk.errors import InputError
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.bleed import without_bleed

PAUSE = 0.8
"""What is shorter ends no turn [s]."""
SHORTEST = 0.4
"""Of a turn [s]: a cough, a click."""
MOST_CHANNELS = 8


def channel_moments(path: Path) -> list[Moment]:
    """Everybody's turns, in the order of time; speakers are called `left` and `right`, or `channel 1` and so on.

    Raises:
        MediaError: the file cannot be read.
        InputError: it has one channel only, too many, or nobody speaks in it.
    """
    count = read_sound(path).channels
    if not 2 <= count <= MOST_CHANNELS:
        raise InputError(
            f"{path} has {count} channel{'s' * (count != 1)}; expected one for each speaker, 2 to {MOST_CHANNELS}, or "
            "give a file with their turns (.rttm, .vtt, .csv)"
        )
    names = ("left", "right") if count == 2 else tuple(f"channel {number}" for number in range(1, count + 1))
    voices = without_bleed([read_sound(path, channel=number).waveform for number in range(1, count + 1)])
    moments = [moment for name, voice in zip(names, voices, strict=True) for moment in spoken(voice, name)]
    if not moments:
        raise InputError(f"nobody speaks in {path}; give a recording with voices in it")
    return sorted(moments, key=lambda moment: moment.start)


def spoken(voice: Waveform, speaker: str) -> list[Moment]:
    """The stretches in which a voice (N,), int16 at 16 kHz, speaks."""
    speaks = ~listen(voice).silence
    return [
        Moment(start / FPS, end / FPS, speaker, sound=voice[samples(start / FPS) : samples(end / FPS)])
        for start, end in _stretches(speaks)
        if end - start >= SHORTEST * FPS
    ]


def samples(time: float) -> int:
    """Samples up to a time [s]."""
    return round(time * SPEECH_RATE)


def _stretches(speaks: Bool) -> Iterator[tuple[int, int]]:
    """From where to where somebody speaks, pauses included [rows]."""
    rows = np.flatnonzero(speaks).tolist()
    cuts = [place for place, (one, other) in enumerate(pairwise(rows), start=1) if other - one > PAUSE * FPS]
    for part in _parts(rows, cuts):
        yield part[0], part[-1] + 1


def _parts(rows: Sequence[int], cuts: Sequence[int]) -> Iterator[Sequence[int]]:
    for start, end in pairwise([0, *cuts, len(rows)]):
        if end > start:
            yield rows[start:end]
