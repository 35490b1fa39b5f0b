"""`auto`: the emotion of the driving speech itself, one for all of it or one every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32, Int64
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.priors import VOICE_LIKENESS, Prior, average
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.rates import FPS
from dicetalk.speech import Hearing
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import speech_rows

LEAST_CONFIDENCE = 0.5
"""Below it what was heard counts as neutral."""

WINDOW_S = 3.0
"""Least length of speech from which a mood is heard [s]: shorter ones say little."""


@dataclass(frozen=True)
class Auto:
    """Hears the mood in the driving speech.

    Attributes:
        every: length of a step [s]; None hears one mood for all of it.
        files: none but the driving speech.
        listens: to all of that.
    """

    every: float | None = None
    files: tuple[Path, ...] = ()
    listens: bool = True

    def feel(self, speech: Hearing) -> Timeline:
        """What is heard; each feeling is neutral where the voice does not tell enough."""
        rows = speech_rows(speech.waveform, speech.whole())
        if self.every is None:
            return Timeline([(0.0, voice_feeling(rows))])
        step = round(self.every * FPS)
        middles = np.arange(step // 2, max(len(rows), step // 2 + 1), step)
        windows = _around(rows, middles, step)
        lacks = [lacks_speech(window) for window in windows]
        priors = [_neutral() if lack else _prior(window) for lack, window in zip(lacks, windows, strict=True)]
        feelings = [
            unheard_feeling(lack) if lack else heard_feeling(prior)
            for lack, prior in zip(lacks, smoothed(priors), strict=True)
        ]
        # A key is fully there at its time: at the middle of what it was heard from, so that moods glide.
        return Timeline(zip(middles / FPS, feelings, strict=True), fade=self.every)


def voice_feeling(rows: Float32) -> Feeling:
    """The feeling of a voice's rows (T, C)."""
    lack = lacks_speech(rows)
    return unheard_feeling(lack) if lack else heard_feeling(_prior(rows))


def heard_feeling(prior: Prior) -> Feeling:
    """The feeling of a voice that lies there; neutral where it is not sure."""
    space = shipped_space()
    like = space.likeness(prior, HEARD, VOICE_LIKENESS)
    if like.confidence < LEAST_CONFIDENCE:
        why = f"not sure enough of the voice ({like}): neutral"
        return Feeling(confidence=like.confidence, why=why, prior=space.priors[NEUTRAL], space=space)
    return space.feeling(prior, like, f"the voice resembles {like}")


def unheard_feeling(lack: str) -> Feeling:
    """Neutral, because of what the speech lacks."""
    return Feeling(confidence=0.0, why=f"{lack}: neutral", prior=_neutral(), space=shipped_space())


def _neutral() -> Prior:
    return shipped_space().priors[NEUTRAL]


def _prior(rows: Float32) -> Prior:
    return shipped_embedder().embed(rows, None)


def _around(rows: Float32, middles: Int64, step: int) -> list[Float32]:
    """What is heard around each middle [frames] of rows (T, C): `WINDOW_S` or more where there is so much."""
    reach = max(step, round(WINDOW_S * FPS)) // 2
    starts = np.clip(middles - reach, 0, max(len(rows) - 2 * reach, 0))
    return [rows[start : start + 2 * reach] for start in starts]


def smoothed(priors: list[Prior]) -> list[Prior]:
    """Each prior averaged with those beside it, which count half: one odd window is no change of mood."""
    around = [[*priors[max(i - 1, 0) : i], prior, prior, *priors[i + 1 : i + 2]] for i, prior in enumerate(priors)]
    return [average(some) for some in around]
