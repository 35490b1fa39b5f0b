"""Whether there is enough speech to tell anything by, and not noise or music.

A logistic regression on what the front end hears, made by `tools/fit_frontend.py`.
"""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.rates import FPS
from dicetalk.speech.frontend import WIDTH, fitted
from dicetalk.speech.rows import COLUMNS

LEAST_SPEECH_S = 1.0
"""Less says nothing of a mood [s]."""

_SILENCE = COLUMNS.index("silence")


def lacks_speech(rows: Float32) -> str:
    """Why rows (T, C) of `speech.rows` tell no mood, in a few words; "" where there is speech enough."""
    speaking = rows[rows[:, _SILENCE] == 0]
    seconds = len(speaking) / FPS
    if seconds < LEAST_SPEECH_S:
        return f"{seconds:.1f} s of speech, which is too little (from {LEAST_SPEECH_S:g} s on it tells a mood)"
    if speech_odds(summary(speaking)) < 0:
        return "it sounds like noise or music, not like speech"
    return ""


def summary(rows: Float32) -> Float32:
    """Mean and spread of the front end's columns, (T, C) -> (192,)."""
    heard = rows[:, -WIDTH:]
    return np.concatenate([heard.mean(0), heard.std(0)])


def speech_odds(summary: Float32) -> float:
    """Logarithm of the odds that it is speech, of a summary (192,)."""
    return float(summary @ fitted()["speech"] + fitted()["offset"][0])
