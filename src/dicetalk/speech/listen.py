"""Listen to a clip, whole or block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.media import Waveform, frame_count
from dicetalk.rates import FPS, HOPS_PER_FRAME
from dicetalk.speech.broad import PHONES, SILENCE, long_silences, may_rest
from dicetalk.speech.echo import find_echoes
from dicetalk.speech.grid import stretch
from dicetalk.speech.level import Level, find_pauses, measure_level, measure_loudness
from dicetalk.speech.mel import log_mel
from dicetalk.speech.phonetics import PhoneRows
from dicetalk.speech.pitch import find_pitch
from dicetalk.threads import Promise

BLOCK_S = 8.0
"""Length of a block that is heard at once, without its margins [s]."""

MARGIN = FPS
"""Rows of context on either side of a block: a second, silent outside the clip."""


LIVE_BLOCK_S = 4.0
"""The same where frames wait for it: longer ones keep the first frame waiting, shorter ones hear margins twice."""


@dataclass(frozen=True, eq=False)
class Speech:
    """Features of a stretch of a clip; row i belongs to video frame `first + i`.

    Attributes:
        first: frame of row 0; negative where a margin reaches before the clip.
        margin: rows of context on either side, which the stretches beside it hold as well.
        phones: (4 T, 24) the share of each of `broad.PHONES` in each hop of 10 ms; silence in pauses.
        loudness: (T,) 0 to 1.5; 1 is the loud part of this clip's speech, whatever its recording level.
        pitch: (T,) [Hz], 60 to 500; 0 where there is no voice.
        voicing: (T,) 0 to 1, how periodic the sound is.
        log_mel: (T, 80) natural logarithm of the power in mel bands of 50 to 7600 Hz; full scale is 1.
        silence: (T,) true in pauses of at least 0.12 s, and outside the clip.
    """

    first: int
    margin: int
    phones: Float32
    loudness: Float32
    pitch: Float32
    voicing: Float32
    log_mel: Float32
    silence: Bool

    @property
    def frames(self) -> int:
        """Number of rows, T."""
        return len(self.loudness)

    @property
    def times(self) -> Float64:
        """(T,) the middle of each row [s] in the clip."""
        return (self.first + np.arange(self.frames) + 0.5) / FPS

    def trimmed(self) -> Speech:
        """The same without its margins."""
        start, stop = self.margin, self.frames - self.margin
        return replace(
            self,
            first=self.first + start,
            margin=0,
            phones=self.phones[start * HOPS_PER_FRAME : stop * HOPS_PER_FRAME],
            loudness=self.loudness[start:stop],
            pitch=self.pitch[start:stop],
            voicing=self.voicing[start:stop],
            log_mel=self.log_mel[start:stop],
            silence=self.silence[start:stop],
        )


def listen(waveform: Waveform) -> Speech:
    """Features of a whole clip: `waveform` (N,) int16 mono at 16 kHz -> ceil(N / 640) rows, the same as in blocks."""
    return _join([block.trimmed() for block in listen_blocks(waveform)])


def listen_like(waveform: Waveform, speech: Speech) -> Speech:
    """Features of a clip (N,) that says the same at the same times as `speech`, whose phones and pauses are taken over.

    `speech` is of a whole clip of as many frames, without margins.
    """
    if frame_count(len(waveform)) != speech.frames:
        raise ValueError(f"{frame_count(len(waveform))} frames cannot be like {speech.frames}")
    level = measure_level(waveform)
    silence = np.pad(speech.silence, MARGIN, constant_values=True)
    parts = []
    for start, stop in _blocks(speech.frames, round(BLOCK_S * FPS)):
        sound = stretch(waveform, start - MARGIN, stop + MARGIN)
        part = _measure(sound, level, silence[start : stop + 2 * MARGIN])
        parts.append(replace(part, first=start - MARGIN, margin=MARGIN).trimmed())
    return replace(_join(parts), phones=speech.phones)


def listen_blocks(waveform: Waveform, block_s: float = BLOCK_S) -> Iterator[Speech]:
    """Features of a clip in blocks which, trimmed, cover it exactly once.

    Time and memory to each block do not depend on the clip's length.

    Args:
        waveform: (N,) int16 mono at 16 kHz, at least one sample.
        block_s: length of a block without its margins [s].
    """
    frames, block = frame_count(len(waveform)), round(block_s * FPS)
    level, heard = measure_level(waveform), PhoneRows(waveform, find_echoes(waveform))
    for start, stop in _blocks(frames, block):
        first, last = start - MARGIN, stop + MARGIN
        rows = heard.between(first * HOPS_PER_FRAME, last * HOPS_PER_FRAME)
        yield _hear(stretch(waveform, first, last), first, level, rows[:, : len(PHONES)])


class Hearing:
    """The speech of a clip, listened to once: whoever needs all of it first spares those who take it block by block."""

    def __init__(self, waveform: Waveform) -> None:
        """Nothing is heard yet; `waveform` is (N,) int16 mono at 16 kHz."""
        self.waveform = waveform
        self._kept: list[Speech] = []
        self._keeps = self._is_whole = False
        self._begun: list[Promise[tuple[Speech, Iterator[Speech]]]] = []

    def begin(self) -> None:
        """Hear the first block beside other work, for whoever asks first."""
        self._begun.append(Promise(lambda: _first(listen_blocks(self.waveform, LIVE_BLOCK_S))))

    def __len__(self) -> int:
        """Number of video frames."""
        return frame_count(len(self.waveform))

    def keep(self) -> None:
        """Keep what is heard, for whoever asks next (100 MB an hour)."""
        self._keeps = True

    def blocks(self) -> Iterator[Speech]:
        """Blocks of 4 s with margins, as `listen_blocks`; an hour takes no more memory than a minute, unless kept."""
        if self._is_whole:
            yield from self._kept
        elif self._keeps:
            yield from self._keeping()
        else:
            yield from self._heard()

    def _heard(self) -> Iterator[Speech]:
        if self._begun:
            first, others = self._begun.pop().take()
            yield first
            yield from others
        else:
            yield from listen_blocks(self.waveform, LIVE_BLOCK_S)

    def _keeping(self) -> Iterator[Speech]:
        kept = []
        for block in self._heard():
            kept.append(block)
            yield block
        self._kept, self._is_whole = kept, True

    def whole(self) -> Speech:
        """Features of all of it, which is kept."""
        self.keep()
        return _join([block.trimmed() for block in list(self.blocks())])


def _first(blocks: Iterator[Speech]) -> tuple[Speech, Iterator[Speech]]:
    return next(blocks), blocks


def _blocks(frames: int, block: int) -> Iterator[tuple[int, int]]:
    """First frame of each block and the one behind its last."""
    for start in range(0, frames, block):
        yield start, min(start + block, frames)


def _hear(sound: Float32, first: int, level: Level, phones: Float32) -> Speech:
    """Features of a stretch with pads from frame `first` on, margins included; `phones` (hops, 24) are its own."""
    pauses = find_pauses(sound, level, long_silences(phones), may_rest(phones))
    silence = pauses.reshape(-1, HOPS_PER_FRAME).mean(axis=1) >= 0.5
    phones[pauses] = np.eye(len(PHONES), dtype=np.float32)[SILENCE]
    return replace(_measure(sound, level, silence), first=first, margin=MARGIN, phones=phones)


def _measure(sound: Float32, level: Level, silence: Bool) -> Speech:
    """What needs no phones, of a stretch with pads whose pauses `silence` (T,) are known; its place is not yet set."""
    pitch, voicing = find_pitch(sound, silence)
    return Speech(
        first=0,
        margin=0,
        phones=np.zeros((0, len(PHONES)), np.float32),
        loudness=measure_loudness(sound, level),
        pitch=pitch,
        voicing=voicing,
        log_mel=log_mel(sound),
        silence=silence,
    )


def _join(parts: Sequence[Speech]) -> Speech:
    return Speech(
        first=parts[0].first,
        margin=0,
        phones=np.concatenate([part.phones for part in parts]),
        loudness=np.concatenate([part.loudness for part in parts]),
        pitch=np.concatenate([part.pitch for part in parts]),
        voicing=np.concatenate([part.voicing for part in parts]),
        log_mel=np.concatenate([part.log_mel for part in parts]),
        silence=np.concatenate([part.silence for part in parts]),
    )
