"""What a voice tells over time: which emotion it resembles, and how strongly; as a table, as JSON, as a picture."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Float32, Waveform
from dicetalk.emotion.colours import COLOURS
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import VOICE_LIKENESS
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.files import whole
from dicetalk.rates import FPS
from dicetalk.speech import Hearing
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import speech_rows
from dicetalk.voice.strength import HOP_S, RANKED, WINDOW_S, Told, VoiceStrength

DIGITS = 3
"""Of what is told."""
HEADER = ("start", "end", "heard", "share", "strength", *RANKED, "lack")


@dataclass(frozen=True)
class Heard:
    """What is heard in a window.

    Attributes:
        start, end: of it [s].
        shares: how much it resembles each name of `HEARD`, sum 1; empty where too little is heard.
        strengths: how strongly each of `HEARD` is told, 0 to 1, if it is that; empty where too little is heard.
        lack: why, in a few words; "" where enough is heard.
    """

    start: float
    end: float
    shares: Mapping[str, float]
    strengths: Mapping[str, float]
    lack: str = ""

    @property
    def name(self) -> str:
        """What it resembles most; "" where too little is heard."""
        return max(self.shares, key=self.shares.__getitem__, default="")

    @property
    def strength(self) -> float:
        """How strongly that is told; 0 where too little is heard."""
        return self.strengths.get(self.name, 0.0)

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "start": self.start,
            "end": self.end,
            "heard": self.name or None,
            "strength": round(self.strength, DIGITS),
            "shares": {name: round(share, DIGITS) for name, share in self.shares.items()},
            "strengths": {name: round(strength, DIGITS) for name, strength in self.strengths.items()},
            "lack": self.lack,
        }


def read_voice(waveform: Waveform, *, window: float = WINDOW_S, hop: float = HOP_S) -> list[Heard]:
    """What a voice (N,) tells in each window, which is so long and comes so often [s].

    Raises:
        ConfigError: a length is not of 0.1 s to an hour.
    """
    course = VoiceStrength.load().course(waveform, window=window, hop=hop)
    rows = speech_rows(waveform, Hearing(waveform).whole())
    return [_heard(told, rows) for told in course]


FULL = 32_700
"""Samples from which on a recording is cut off: one that got another rate after that swings a little around it."""
CUT_SHARE = 0.001
"""Of a recording's samples, from which on how strongly is told by more than .05 otherwise, one time in five."""


def doubts_about(waveform: Waveform) -> list[str]:
    """What makes a reading of (N,) int16 samples less true, one line each."""
    share = float((np.abs(waveform.astype(np.int32)) >= FULL).mean())
    if share < CUT_SHARE:
        return []
    told = f"{share:.1%} of the samples are cut off at full scale, where it is loud"
    return [f"{told}; how strongly is told less truly: record it again, softer"]


def _heard(told: Told, rows: Float32) -> Heard:
    """What is told in a window, and what its part of all rows (T, C) resembles."""
    inside = rows[round(told.start * FPS) : round(told.end * FPS)]
    lack = lacks_speech(inside) if told.heard else "no voice is heard"
    if lack:
        return Heard(told.start, told.end, {}, {}, lack)
    embedder = shipped_embedder()
    like = embedder.space.likeness(embedder.embed(inside, None), HEARD, VOICE_LIKENESS)
    return Heard(told.start, told.end, dict(zip(like.names, like.shares, strict=True)), told.strengths)


def write_reading(path: Path, reading: Sequence[Heard]) -> None:
    """Write windows as CSV under `HEADER`.

    Raises:
        MediaError: the file cannot be written.
    """
    with whole(path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEADER)
        for heard in reading:
            share = f"{heard.shares[heard.name]:.3f}" if heard.name else ""
            told = f"{heard.strength:.3f}" if heard.name else ""
            strengths = [f"{heard.strengths[name]:.3f}" if heard.name else "" for name in RANKED]
            table.writerow([f"{heard.start:.2f}", f"{heard.end:.2f}", heard.name, share, told, *strengths, heard.lack])


INCHES_A_SECOND = 0.4
NARROWEST, WIDEST = 8.0, 60.0
"""Of a picture [inches]."""


def plot_reading(path: Path, reading: Sequence[Heard]) -> None:
    """Draw which emotion is heard, above, and how strongly each is told, below, into a PNG; needs matplotlib.

    Of a window's emotion, the strength is a large dot.

    Raises:
        MediaError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    width = float(np.clip(INCHES_A_SECOND * reading[-1].end, NARROWEST, WIDEST))
    figure = Figure(figsize=(width, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    middles = np.array([(heard.start + heard.end) / 2 for heard in reading])
    shares = np.array([[heard.shares.get(name, 0.0) for name in RANKED] for heard in reading])
    above.stackplot(middles, shares.T, labels=RANKED, colors=[COLOURS[name] for name in RANKED])
    above.set(ylim=(0, 1), ylabel="which (the rest is neutral)")
    for name in RANKED:
        strengths = [heard.strengths.get(name, np.nan) for heard in reading]
        below.plot(middles, strengths, ".-", color=COLOURS[name], linewidth=0.7, alpha=0.6)
        its = [heard.strength if heard.name == name else np.nan for heard in reading]
        below.plot(middles, its, "o", color=COLOURS[name], markersize=8)
    below.set(ylim=(0, 1), ylabel="how strongly", xlabel="s", xlim=(0, reading[-1].end))
    figure.legend(*above.get_legend_handles_labels(), loc="outside upper center", ncols=len(RANKED), fontsize=8)
    with whole(path) as hidden:
        figure.savefig(hidden, format="png", dpi=100)
