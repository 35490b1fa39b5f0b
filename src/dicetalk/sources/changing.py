"""Feelings that change while somebody speaks: set anew at any time, or asked for as frames are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dicetalk.checks import brief
from dicetalk.emotion.feeling import Feeling, common_space
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import DEFAULT_FADE, Timeline, seconds
from dicetalk.errors import EmotionError
from dicetalk.rates import FPS
from dicetalk.sources.scheme import Emotion, source_of
from dicetalk.speech import Hearing

LiveEmotion = Emotion | Callable[[float], Emotion]
"""What may be felt: an emotion, or a function of the time in the clip [s] that is asked before frames are made."""

Raised = Callable[[Timeline], Timeline]
"""Makes what is felt of what was asked for: stronger, say."""

SOONEST = 0.5 / FPS
"""After what was felt last, what is felt next [s]."""


class Feelings:
    """Tells what is felt frame by frame, which may change on the way.

    Attributes:
        fade: how long a change takes [s].
        done: frames told.
    """

    def __init__(self, emotion: LiveEmotion, fade: float = DEFAULT_FADE, raised: Raised | None = None) -> None:
        """One that feels something from the start, each time as `raised` makes it of what was asked for.

        Raises:
            EmotionError: it cannot be understood, or can only be heard in speech that is all there.
        """
        self.fade, self.done = seconds(fade, "fade"), 0
        self.ask: Callable[[float], Emotion] | None = emotion if callable(emotion) else None
        self._asked: Emotion = emotion(0.0) if callable(emotion) else emotion
        self._raised = raised
        self._timeline = self._felt(self._asked)

    @property
    def emotion(self) -> LiveEmotion:
        """What was asked for last."""
        return self.ask or self._asked

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with what its source read, or lacked, one line each."""
        lacks = self._timeline.lacks
        return (*((lacks,) if lacks else ()), *self._timeline.warnings)

    def change(self, emotion: LiveEmotion) -> None:
        """Feel something else from the next frame on: a feeling comes within a fade, a timeline as its times say.

        What is felt already goes on as it does.

        Raises:
            EmotionError: as above, or it lies in another space than what is felt; nothing has changed then.
        """
        self._turn(emotion((self.done + 0.5) / FPS) if callable(emotion) else emotion)
        self.ask = emotion if callable(emotion) else None

    def _turn(self, emotion: Emotion) -> None:
        if type(emotion) is type(self._asked) and emotion == self._asked:
            return  # it is on its way
        timeline = self._felt(emotion)
        if self.done and len(timeline.keys) == 1:
            timeline = self._faded(timeline)
        self._asked, self._timeline = emotion, timeline

    def _felt(self, emotion: Emotion) -> Timeline:
        felt = felt_by(emotion)
        return felt if self._raised is None else self._raised(felt)

    def _faded(self, timeline: Timeline) -> Timeline:
        """From what was felt in the last frame to the one key of a timeline."""
        now, then = (self.done - 0.5) / FPS, timeline.keys[0][1]
        before = feeling_at(self._timeline, now)
        common_space([before, then])
        later = now + max(self.fade, SOONEST)
        return Timeline([(now, before), (later, then)], self.fade, timeline.lacks, timeline.warnings)

    def __call__(self, first: int, frames: int) -> EmotionTrack:
        """What is felt from a frame on."""
        times = (np.arange(first, first + frames) + 0.5) / FPS
        if self.ask is not None:
            self._turn(self.ask(float(times[0])))
        felt = track(self._timeline, times)
        self.done = first + frames
        return felt


def felt_by(emotion: Emotion) -> Timeline:
    """An emotion as a timeline, without any speech.

    Raises:
        EmotionError: it cannot be understood, or is heard in the speech itself.
    """
    source = source_of(emotion)
    if source.listens:
        raise EmotionError(f"{brief(emotion)} hears all of the speech first, which a live clip cannot; name an emotion")
    return source.feel(Hearing(np.zeros(0, np.int16)))


def feeling_at(timeline: Timeline, moment: float) -> Feeling:
    """What a timeline feels at a moment [s]."""
    last, final = timeline.keys[-1]
    if len(timeline.keys) == 1 or moment >= last:
        return final
    felt = track(timeline, [moment])
    weights = felt.weights[0].astype(np.float64)
    weights = tuple((weights / weights.sum()).tolist())
    if felt.priors is None:
        return Feeling(weights)
    prior = Prior(felt.priors.means[0], felt.priors.stds[0])
    return Feeling(weights, prior=prior, space=common_space([feeling for _, feeling in timeline.keys]))
