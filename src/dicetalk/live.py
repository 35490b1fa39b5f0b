"""A video that is made while its speech is still being spoken."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from dicetalk.arrays import Picture, Waveform
from dicetalk.backbone import Sitting, Speaking
from dicetalk.checks import brief, is_number, short
from dicetalk.errors import InputError
from dicetalk.media.portions import Portion, Portions
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.sources.changing import Feelings, LiveEmotion
from dicetalk.threads import Ahead

SILENT = 0.08
"""Of the silence that stands for sound which still does not come [s]: two frames."""
MOST_PATIENCE = 60.0
"""[s]"""
GRACE = 1.0
"""How long a sound that keeps its thread waiting is waited for at the end [s]."""


def patience_of(patience: float | None) -> float | None:
    """How long sound is waited for [s], checked; None is for ever.

    Raises:
        InputError: it is out of range.
    """
    if patience is not None and not (is_number(patience) and SILENT <= patience <= MOST_PATIENCE):
        raise InputError(f"patience is {brief(patience)}; use {SILENT:g} to {MOST_PATIENCE:g} seconds, or None")
    return patience


def sounds_of(sounds: Iterable[Portion] | None) -> Iterable[Portion] | None:
    """Where sound comes from, checked: what gives one portion after the other.

    Raises:
        InputError: it does not, or is all of a sound.
    """
    whole = isinstance(sounds, str | bytes | bytearray | memoryview | np.ndarray | Mapping)
    if sounds is not None and (whole or not isinstance(sounds, Iterable)):
        raise InputError(f"the sounds are {short(sounds)}; give portions one by one, such as a list or a generator")
    return sounds


@dataclass(eq=False)
class LiveVideo(Iterator[Picture]):
    """Frames while their speech is being spoken: iterate over them, or hand sound on with `hear` and `finish`.

    Each item is (t, H, W, 3) uint8, RGB; an empty one stands for a frame that was not wanted. Frame n shows what is
    said in the samples 640 n to 640 (n + 1) at 16 kHz, the silence in place of missing sound included.

    Attributes:
        sitting: what it is made from.
        speaking: what makes it.
        feelings: what is felt.
        portions: reads the sound.
        sounds: where that comes from; None where it is handed on.
        patience: how long it is waited for before silence stands for it [s]; None waits for ever.
        behind: how far behind its beginning a frame's sound must have come before it can be made [s].
        seen: what is doubtful about the portrait, one line each.
        frames: made or left out by now.
        filled: silence that stood for sound [s].
    """

    sitting: Sitting
    speaking: Speaking
    feelings: Feelings
    portions: Portions
    sounds: Iterable[Portion] | None
    patience: float | None
    behind: float
    seen: tuple[str, ...] = ()
    frames: int = 0
    filled: float = 0.0
    _samples: int = field(init=False, default=0)
    _is_finished: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._made = self.speaking.frames()
        self._run = self._ran()

    @property
    def fps(self) -> int:
        """Frames a second."""
        return FPS

    @property
    def width(self) -> int:
        """Width of the frames [px]."""
        return int(self.sitting.portrait.shape[1])

    @property
    def height(self) -> int:
        """Height of the frames [px]."""
        return int(self.sitting.portrait.shape[0])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful about the portrait, and about what is felt now, one line each."""
        return tuple(dict.fromkeys([*self.seen, *self.feelings.warnings]))

    @property
    def emotion(self) -> LiveEmotion:
        """What is felt; set, it comes from the next frame on that is not made yet, and fades in."""
        return self.feelings.emotion

    @emotion.setter
    def emotion(self, emotion: LiveEmotion) -> None:
        self.feelings.change(emotion)

    def hear(self, portion: Portion) -> Iterator[Picture]:
        """Take some more sound; gives the frames that no later sound can change, each drawn when it is asked for.

        Frames that are left go to whoever asks next.

        Raises:
            InputError: it is no sound, or the clip is finished.
        """
        if self._is_finished:
            raise InputError("the clip is finished; begin another one")
        self._take(self.portions.take(portion))
        return self._drawn()

    def finish(self) -> Iterator[Picture]:
        """Nothing more is said; gives the frames that are left."""
        if not self._is_finished:
            self._take(self.portions.rest())
            self.speaking.finish()
            self._is_finished = True
        return self._drawn()

    def _take(self, sound: Waveform) -> None:
        self.speaking.hear(sound)
        self._samples += len(sound)

    def _drawn(self) -> Iterator[Picture]:
        """All that can be drawn by now."""
        for frames in self._made:
            self.frames += len(frames) or 1
            yield frames
        self._made = self.speaking.frames()

    def __next__(self) -> Picture:
        return next(self._run)

    def close(self) -> None:
        """End it: nothing more is heard or drawn."""
        self._run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ran(self) -> Generator[Picture, None, None]:
        """All frames of the sound that comes by itself."""
        if self.sounds is None:
            raise InputError("there is no sound to listen to; give some, or hand it on with hear()")
        items = iter(self.sounds)
        with closing(_plain(items) if self.patience is None else self._patient(items, self.patience)) as portions:
            for portion in portions:
                yield from self.hear(portion)
        yield from self.finish()

    def _patient(self, items: Iterator[Portion], patience: float) -> Generator[Portion, None, None]:
        """The portions, with silence in place of what does not come in time."""
        start, lead = time.monotonic(), patience
        with Ahead(items, grace=GRACE) as portions:
            while True:
                late = time.monotonic() - start - self._samples / SPEECH_RATE
                try:
                    portion, lead = portions.take(lead + max(-late, 0)), patience
                except TimeoutError:
                    portion, lead = self._silence(time.monotonic() - start, patience), SILENT
                except StopIteration:
                    return
                yield portion

    def _silence(self, passed: float, patience: float) -> Portion:
        """As much silence as is missing of some seconds that have passed."""
        missing = float(np.clip(passed - self._samples / SPEECH_RATE, SILENT, patience + SILENT))
        self.filled += missing
        return np.zeros(round(missing * self.portions.rate), np.int16)


def _plain(items: Iterator[Portion]) -> Generator[Portion, None, None]:
    """The items, which are closed at the end if they can be."""
    try:
        yield from items
    finally:
        getattr(items, "close", lambda: None)()
