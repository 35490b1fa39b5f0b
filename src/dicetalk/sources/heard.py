"""`auto`: the emotion of the driving speech itself, one for all of it or one every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32, Int64
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling
from dicetalk.emotion.moments import LEAST_CONFIDENCE
from dicetalk.emotion.priors import VOICE_LIKENESS, Prior, average
from dicetalk.emotion.space import Likeness, shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.rates import FPS, HOPS_PER_FRAME
from dicetalk.speech import Hearing
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import speech_rows
from dicetalk.voice.frames import Frames, voice_frames
from dicetalk.voice.strength import VoiceStrength

LEAST_STRENGTH = 0.4
"""Of a feeling that is surely heard: however quietly it is told, it should be seen."""

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
        frames = voice_frames(speech.waveform)
        if self.every is None:
            return Timeline([(0.0, voice_feeling(rows, frames))])
        step = round(self.every * FPS)
        middles = np.arange(step // 2, max(len(rows), step // 2 + 1), step)
        windows = _around(len(rows), middles, step)
        lacks = [lacks_speech(rows[window]) for window in windows]
        priors = [_neutral() if lack else _prior(rows[window]) for lack, window in zip(lacks, windows, strict=True)]
        feelings = [
            unheard_feeling(lack) if lack else heard_feeling(prior, _told(frames, window))
            for lack, prior, window in zip(lacks, smoothed(priors), windows, strict=True)
        ]
        # A key is fully there at its time: at the middle of what it was heard from, so that moods glide.
        return Timeline(zip(middles / FPS, feelings, strict=True), fade=self.every)


def voice_feeling(rows: Float32, frames: Frames) -> Feeling:
    """The feeling of a voice's rows (T, C), which is as strong as its frames tell."""
    lack = lacks_speech(rows)
    return unheard_feeling(lack) if lack else heard_feeling(_prior(rows), _told(frames, slice(None)))


def heard_feeling(prior: Prior, told: Mapping[str, float]) -> Feeling:
    """The feeling of a voice that lies there and tells each emotion so strongly; neutral where it is not sure."""
    space = shipped_space()
    like = space.likeness(prior, HEARD, VOICE_LIKENESS)
    if like.confidence < LEAST_CONFIDENCE:
        why = f"not sure enough of the voice ({like}): neutral"
        return Feeling(confidence=like.confidence, why=why, prior=space.priors[NEUTRAL], space=space)
    whole = _strength(like, told)
    loud = space.offset([(prior, whole / DEFAULT_STRENGTH)])  # an embedder hears which emotion, and not how strongly
    return space.feeling(loud, like, f"the voice resembles {like}, told at {whole:.2f}", whole)


def _strength(like: Likeness, told: Mapping[str, float]) -> float:
    """How strong a feeling is to be: what is told of the emotions it resembles, from `LEAST_STRENGTH` on to 1."""
    felt = [(share, told[name]) for name, share in like.ranked() if name != NEUTRAL]
    share = sum(share for share, _ in felt)
    mean = sum(share * strength for share, strength in felt) / share if share else 0.0
    return LEAST_STRENGTH + (1 - LEAST_STRENGTH) * mean


def _told(frames: Frames, window: slice) -> Mapping[str, float]:
    """How strongly each emotion is told in a window of rows, of frames of the same sound."""
    start, stop = (window.start or 0) * HOPS_PER_FRAME, None if window.stop is None else window.stop * HOPS_PER_FRAME
    return VoiceStrength.load().told(frames, start, stop).strengths


def unheard_feeling(lack: str) -> Feeling:
    """Neutral, because of what the speech lacks."""
    return Feeling(confidence=0.0, why=f"{lack}: neutral", prior=_neutral(), space=shipped_space())


def _neutral() -> Prior:
    return shipped_space().priors[NEUTRAL]


def _prior(rows: Float32) -> Prior:
    return shipped_embedder().embed(rows, None)


def _around(count: int, middles: Int64, step: int) -> list[slice]:
    """Which of so many rows lie around each middle [frames]: `WINDOW_S` or more where there are so many."""
    reach = max(step, round(WINDOW_S * FPS)) // 2
    starts = np.clip(middles - reach, 0, max(count - 2 * reach, 0)).tolist()
    return [slice(start, start + 2 * reach) for start in starts]


def smoothed(priors: list[Prior]) -> list[Prior]:
    """Each prior averaged with those beside it, which count half: one odd window is no change of mood."""
    around = [[*priors[max(i - 1, 0) : i], prior, prior, *priors[i + 1 : i + 2]] for i, prior in enumerate(priors)]
    return [average(some) for some in around]
