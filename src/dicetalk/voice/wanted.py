"""The text of `--voice-emotion`: what the voice is to feel, beside what the face feels."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from dicetalk.checks import short as shortly
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.timeline_file import timeline_of
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError, InputError, require
from dicetalk.files import at_home
from dicetalk.rates import FPS
from dicetalk.voice.world import WORLD

SAME, TIMELINE = "same", "timeline"

VoiceEmotion = str | os.PathLike[str] | Feeling | Timeline
"""What may be asked for."""


@dataclass(frozen=True)
class VoiceWanted:
    """What a voice is to feel.

    Attributes:
        own: whatever the face feels; None takes that of the face.
        follows: moment by moment; otherwise the face's feelings are one mood for the whole.
    """

    own: Timeline | None = None
    follows: bool = False

    def line(self, face: Timeline, seconds: float) -> Timeline:
        """What the voice is to feel at each time of a recording of a length [s], beside what the face feels."""
        if self.own is not None:
            return self.own
        return face if self.follows else Timeline([(0.0, mean_of(face, seconds))])


def check_voice(emotion: VoiceEmotion | None, *, speech: bool, motion: bool, speakers: bool) -> VoiceWanted | None:
    """What is asked for, refused where it does not go together with the rest; None where nothing is.

    Args:
        emotion: as for `voice_wanted`.
        speech: whether there is any.
        motion: whether a motion is given.
        speakers: whether there are several.

    Raises:
        EmotionError, CheckpointError: as `voice_wanted`.
        InputError: says what to leave out.
        MissingExtraError: what changes voices is not installed.
    """
    if emotion is None:
        return None
    wanted = voice_wanted(emotion)
    if not speech:
        raise InputError("there is no speech whose voice could feel something; give a recording, or leave it out")
    if motion:
        raise InputError("curves are timed to the speech as it is; leave the voice's emotion out, or the curves")
    if speakers:
        raise InputError("the voices of several speakers are not changed; leave the voice's emotion out")
    require(WORLD, "voice")
    return wanted


def mean_of(line: Timeline, seconds: float) -> Feeling:
    """One feeling for all of a timeline: the mean of its strengths over a length [s]."""
    times = (np.arange(max(round(seconds * FPS), 1)) + 0.5) / FPS
    strengths = line.at(times).mean(axis=0, dtype=np.float64)[1:].tolist()
    return Feeling.of((name, strength) for name, strength in zip(NAMES[1:], strengths, strict=True))


def voice_wanted(emotion: VoiceEmotion) -> VoiceWanted:
    """What is asked for: `same`, `timeline`, or an emotion of the voice's own.

    Args:
        emotion: `same` for the face's emotion as one mood, `timeline` for it moment by moment; `happy:0.8` or a
            mixture, `mood.json` or what such a file holds; a `Feeling` or a `Timeline`.

    Raises:
        EmotionError: it cannot be understood.
        CheckpointError: a file of own emotions is damaged.
    """
    if isinstance(emotion, Timeline):
        return VoiceWanted(emotion)
    if isinstance(emotion, Feeling):
        return VoiceWanted(Timeline([(0.0, emotion)]))
    if not isinstance(emotion, str | os.PathLike) or not isinstance(given := os.fspath(emotion), str):
        raise EmotionError(f"the voice's emotion is {shortly(emotion)}; expected text such as 'same' or 'happy:0.8'")
    text = given.strip()
    if text.lower() in (SAME, TIMELINE):
        return VoiceWanted(follows=text.lower() == TIMELINE)
    if text.startswith("{"):
        return VoiceWanted(timeline_of(text))
    if text.lower().endswith(".json"):
        return VoiceWanted(Timeline.read(at_home(text)))
    try:
        return VoiceWanted(Timeline([(0.0, parse(text))]))
    except EmotionError as error:
        raise EmotionError(f"the voice's emotion: {error}; or {SAME} or {TIMELINE}, as the face") from error
