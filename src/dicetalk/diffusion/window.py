"""Windows of motion as the diffusion model sees them: columns, scales, and noise that depends on the frame alone."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.motion.space import POSE, SHAPES
from dicetalk.speech import Speech
from dicetalk.speech.broad import PHONES
from dicetalk.speech.mel import MELS

MOTION = len(SHAPES) + len(POSE)
"""Columns of motion."""
RESTING = len(SHAPES)
SCALES = 2
"""Of guidance: by speech, by emotion."""
PARTS = 2
"""Of a frame of 40 ms, of each of which the phones are told: lips shut and open within one."""
PROSODY = 4
SPEECH = PARTS * len(PHONES) + PROSODY + MELS
"""Columns of a row of speech."""

HISTORY, NEW, AHEAD = 25, 50, 5
"""Frames of a window: what is there already, what comes of it, and what is thrown away: made without what follows."""
WINDOW = HISTORY + NEW + AHEAD

LOUDEST_OCTAVE = 2.0
"""Of pitch over the speaker's own, either way."""
SOFTEST = -12.0
"""Of a band against the speech's loud part [nepers of power]."""


def noise(seed: int, first: int, frames: int) -> Float32:
    """Noise (frames, 58) of a clip's frames from `first` on: of each frame the same whatever window asks for it."""
    blocks = range(first // NEW, (first + frames - 1) // NEW + 1)
    drawn = np.concatenate(
        [np.random.default_rng([seed, 79, block + 1]).standard_normal((NEW, MOTION), np.float32) for block in blocks]
    )
    start = first - blocks[0] * NEW
    return drawn[start : start + frames]


def speech_columns(speech: Speech) -> Float32:
    """What the network is told of speech, (T, 132): phones of each half of a frame, prosody, and the mel bands.

    Pitch is in octaves over the stretch's own median, bands are relative to the loud part of the speech in them.
    """
    halves = speech.phones.reshape(speech.frames * PARTS, -1, len(PHONES)).mean(1).reshape(speech.frames, -1)
    voiced = speech.pitch > 0
    usual = np.median(speech.pitch[voiced]) if voiced.any() else 1.0
    octaves = np.where(voiced, np.log2(np.where(voiced, speech.pitch, usual) / usual), 0)
    octaves = np.clip(octaves, -LOUDEST_OCTAVE, LOUDEST_OCTAVE)
    speaking = ~speech.silence if not speech.silence.all() else ~speech.silence | True
    loud = np.percentile(speech.log_mel[speaking].max(1), 90)
    bands = np.maximum(speech.log_mel - loud, SOFTEST) / 4 + 1.5
    return np.column_stack([halves, speech.loudness, octaves, speech.voicing, speech.silence, bands]).astype(np.float32)
