"""As strong as it must be: the strength at which an audience would read what was asked for, with the sound off.

The face has to do it alone, since the voice is as it was recorded. Never weaker than asked, never another emotion.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dicetalk.checks import brief, is_number
from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.reading.audience import COLUMNS, LEAST_KNOWN, TEN, VOTED, Audience, shipped_audience

CHANNEL: Channel = "face"
"""What the audience is given: many watch with the sound off."""
STEPS = 101
"""Strengths that are tried, from 0 to 1."""


def check_as_strong_as(share: float | None, *, motion: bool) -> float | None:
    """What was given as `as_strong_as`, None where nothing was.

    Args:
        share: as it was given.
        motion: whether curves are played, in which nothing can be raised.

    Raises:
        InputError: it is no share of an audience, or there are curves.
    """
    if share is None:
        return None
    if not is_number(share) or not 0 < share <= 1:
        raise InputError(f"as_strong_as is {brief(share)}; use a share of the audience, above 0 to 1, as 0.7")
    if motion:
        raise InputError("curves are played as they are; leave as_strong_as out, or the curves")
    return float(share)


def as_strong_as(feelings: Timeline, share: float, audience: Audience | None = None) -> Timeline:
    """Feelings raised, where they are too weak, until so much of an audience names what was asked for.

    Of a mixture the names count together, and keep their proportions. Where not even full strength is read by so
    many, it is full strength, and a warning says how many read it. What is neutral stays so.

    Args:
        feelings: what was asked for.
        share: of the votes, above 0 to 1.
        audience: whose votes; None takes the one that ships.
    """
    audience = audience or shipped_audience()
    keys, warnings = [], dict.fromkeys(feelings.warnings)
    for time, feeling in feelings.keys:
        raised, warning = raise_to(feeling, share, audience)
        keys.append((time, raised))
        warnings |= {warning: None} if warning else {}
    return Timeline(keys, feelings.fade, feelings.lacks, tuple(warnings))


def raise_to(feeling: Feeling, share: float, audience: Audience) -> tuple[Feeling, str]:
    """One feeling raised as above, and what stood in the way, "" for nothing."""
    names = tuple(feeling.strengths)
    if not names:
        return feeling, ""
    if feeling.prior is not None:
        return feeling, "an own emotion has no name that an audience could read; its strength is as asked"
    weights = np.array(feeling.weights)
    if weights[list(COLUMNS)].sum() < LEAST_KNOWN:
        told = " and ".join(name for name in names if name not in VOTED)
        return feeling, f"no audience was asked about {told}; its strength is as asked"
    strengths = np.linspace(0, 1, STEPS)
    strengths = np.append(feeling.intensity, strengths[strengths > feeling.intensity])
    shares = audience.shares(weights, strengths, CHANNEL)
    read = shares[:, [NAMES.index(name) for name in names]].sum(1)
    enough = np.flatnonzero(read >= share)
    if enough.size:
        return _raised(feeling, float(strengths[enough[0]]), float(read[enough[0]])), ""
    told = f"{' and '.join(names)} would be named by {TEN * read[-1]:.0f} of {TEN} with the sound off at full strength"
    return _raised(feeling, 1.0, float(read[-1])), f"{told}, not by {TEN * share:g}: more than that is not to be had"


def _raised(feeling: Feeling, strength: float, read: float) -> Feeling:
    """A feeling at a strength, if that is another."""
    if strength <= feeling.intensity:
        return feeling
    why = f"raised from {feeling.intensity:.2f} to {strength:.2f}: {TEN * read:.0f} of {TEN} would name it, sound off"
    return replace(feeling, intensity=strength, why=f"{feeling.why}; {why}" if feeling.why else why)
