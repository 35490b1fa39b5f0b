"""One piece of advice on a video: what an audience would take it for with the sound off, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.reading.audience import VOTED, Audience, Votes, shipped_audience
from dicetalk.reading.reading import Reading

STEP = 0.05
"""Between the strengths that are advised."""


def audiences(reading: Reading, audience: Audience | None = None) -> dict[Channel, Votes]:
    """What an audience is expected to answer in each channel that was read, and that it could be asked about."""
    audience = audience or shipped_audience()
    rows = {"voice": reading.voice, "face": reading.face, "both": reading.windows}
    both = reading.face is not None and reading.voice is not None
    found: dict[Channel, Votes] = {}
    for channel in audience_channels(both):
        windows = rows[channel]
        votes = None if windows is None else audience.of_windows(windows, channel)
        if votes is not None:
            found[channel] = votes
    return found


def audience_channels(both: bool) -> Sequence[Channel]:
    """Channels that there are: "both" only where there is a face and a voice."""
    return ("voice", "face", "both") if both else ("voice", "face")


def advice(reading: Reading, audience: Audience | None = None) -> str:
    """One line where the face alone would not be read as what was meant; "" where there is nothing to say.

    What was meant is what the file says was asked for, else what face and voice together show; where that changes
    from one emotion to another, nothing is said.
    """
    audience = audience or shipped_audience()
    meant, strength = _meant(reading)
    votes = None if reading.face is None else audience.of_windows(reading.face, "face")
    if votes is None or meant == NEUTRAL or meant not in VOTED or votes.name == meant:
        return ""
    seen = f"with the sound off this reads as {votes.name}, not {meant}"
    enough = strength_read(meant, strength, audience)
    if enough is not None:
        return f"{seen}: raise the strength to {_short(enough)}"
    return f"{seen}, and no strength would change that: let the words or the voice tell it"


def strength_read(name: str, above: float, audience: Audience) -> float | None:
    """The least strength above one at which most of an audience would name an emotion with the sound off, in steps;
    None where there is none.
    """
    strengths = np.linspace(STEP, 1, round(1 / STEP))
    strengths = strengths[strengths > above + 1e-9]
    if not strengths.size:
        return None
    shares = audience.shares(np.eye(len(NAMES))[NAMES.index(name)], strengths, "face")
    read = np.flatnonzero(shares.argmax(1) == NAMES.index(name))
    return round(float(strengths[read[0]]), 2) if read.size else None


def _meant(reading: Reading) -> tuple[str, float]:
    """A name, and how strong it is so far."""
    if reading.asked is None:
        window = reading.overall
        return window.name, window.strength
    times = np.arange(0.0, max(reading.seconds, 0.1), 0.1)
    shares = reading.asked.at(times)
    mixture = shares.mean(0)
    felt_then = shares[:, 1:].max(1) > 0
    if len(np.unique(shares[felt_then, 1:].argmax(1))) > 1:
        return NEUTRAL, 0.0
    felt = int(mixture[1:].argmax()) + 1
    return (NAMES[felt], float(mixture[felt])) if mixture[felt] > 0 else (NEUTRAL, 0.0)


def _short(strength: float) -> str:
    """`.9`, `.85` or `1`."""
    return f"{strength:.2f}".rstrip("0").rstrip(".").removeprefix("0")
