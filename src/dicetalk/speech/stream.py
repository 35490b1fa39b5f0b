"""Speech as it comes: a row for each frame of 40 ms, told by nothing but what was said up to 160 ms behind it.

Levels and pitch are relative to what was heard so far, so that a row is the same whether a recording is there already
or just being spoken. Sound is heard in blocks of 80 ms, always, after a first one of 40 ms: the same numbers to the
last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.media import Waveform, frame_count
from dicetalk.rates import HOPS_PER_FRAME, SAMPLES_PER_FRAME
from dicetalk.speech.broad import PHONES
from dicetalk.speech.echo import find_echoes, without_echoes
from dicetalk.speech.phonetics import BANDS, COLUMNS, DELAY, PhoneStream, open_stream
from dicetalk.speech.pitch_stream import PitchStream

BLOCK = 2
"""Frames of sound that are heard at once."""
BLOCK_SAMPLES = BLOCK * SAMPLES_PER_FRAME
FIRST_SAMPLES = SAMPLES_PER_FRAME
"""Of the first block: with it blocks end at 360 ms, 440 ms and so on, right when the rows of whole blocks are there."""
PARTS = 2
"""Of a frame, of each of which phones and lips are told: lips shut and open within one."""
OWN = 5
"""Voicing by the network, loudness, octaves, whether there is a pitch, and how periodic the sound is."""
SPEECH = PARTS * (len(PHONES) + 1) + OWN + BANDS
"""Columns of a row."""
PHONE_COLUMNS = PARTS * (len(PHONES) + 1) + 1
"""The first ones, which the network told: phones, lips, voicing."""


@dataclass(eq=False)
class SpeechStream:
    """Hears speech bit by bit.

    Attributes:
        phones: hears the phones.
        sound: (N,) samples that are no whole block yet.
        block: samples of the next block.
        rows: (n, 26) what was heard of hops that make no whole frame yet.
        bands: (n, 64) of hops from the first of `rows` on.
        early: rows still to come that are of before the recording.
        pitch: how high the voice is.
    """

    phones: PhoneStream = field(default_factory=open_stream)
    sound: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    block: int = FIRST_SAMPLES
    rows: Float32 = field(default_factory=lambda: np.zeros((0, COLUMNS), np.float32))
    bands: Float32 = field(default_factory=lambda: np.zeros((0, BANDS), np.float32))
    early: int = DELAY
    pitch: PitchStream = field(default_factory=PitchStream)

    def hear(self, sound: Float32) -> Float32:
        """Rows (T, 119) of the frames whose sound is known to 160 ms behind them, `sound` (N,) of 16 bit being next."""
        held, told = np.concatenate([self.sound, sound]), [np.zeros((0, SPEECH), np.float32)]
        while len(held) >= self.block:
            now, held = np.split(held, [self.block])
            told.append(self._block(now))
            self.block = BLOCK_SAMPLES
        self.sound = held
        return np.concatenate(told)

    def _block(self, sound: Float32) -> Float32:
        rows, bands = self.phones.hear_bands(sound)
        self.rows = np.concatenate([self.rows, rows[self.early :]])
        self.early = max(self.early - len(rows), 0)
        self.bands = np.concatenate([self.bands, bands])
        self.pitch.hear(sound)
        frames = len(self.rows) // HOPS_PER_FRAME
        hops = frames * HOPS_PER_FRAME
        told = _columns(self.rows[:hops], self.bands[:hops], self.pitch.take(frames))
        self.rows, self.bands = self.rows[hops:], self.bands[hops:]
        return told


def _columns(rows: Float32, bands: Float32, pitch: Float64) -> Float32:
    """(T, 119) of hops (4 T, 26), (4 T, 64) and the pitch (T, 3) of their frames."""
    frames = len(pitch)
    told = rows.reshape(frames, HOPS_PER_FRAME, COLUMNS)
    halves = told.reshape(frames, PARTS, HOPS_PER_FRAME // PARTS, COLUMNS).mean(2)
    spoken = halves[..., [*range(len(PHONES)), COLUMNS - 1]].reshape(frames, PARTS * (len(PHONES) + 1))
    voice = told[..., COLUMNS - 2].mean(1)
    over = bands.reshape(frames, HOPS_PER_FRAME, BANDS)
    loud = np.sqrt((10 ** (2 * (over - 1.5))).sum(2).mean(1))
    return np.column_stack([spoken, voice, loud, pitch, over.mean(1)]).astype(np.float32)


def hear_rows(waveform: Waveform, beyond: int = 0) -> Iterator[Float32]:
    """Rows (t, 119) of a clip (N,), block by block, of its frames and some `beyond`; echoes are taken out of it."""
    left = frame_count(len(waveform)) + beyond
    stream, silence = SpeechStream(), repeat(np.zeros(BLOCK_SAMPLES, np.int16))
    for sound in chain(dry(waveform), silence):
        rows = stream.hear(sound.astype(np.float32))[:left]
        left -= len(rows)
        if len(rows):
            yield rows
        if not left:
            return


def dry(waveform: Waveform) -> Iterator[Waveform]:
    """A clip (N,) block by block, without the echoes that are in all of it."""
    inverse = find_echoes(waveform)
    for start in range(0, len(waveform), BLOCK_SAMPLES):
        yield without_echoes(waveform, start, start + BLOCK_SAMPLES, inverse)
