"""What a network hears: speech features as one array, the same for a loud recording and a soft one of the same voice.

Loudness is relative to the loud part of the recording's own speech, pitch to the speaker's own.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from dicetalk.arrays import Bool, Float32
from dicetalk.media import Waveform
from dicetalk.speech.frontend import FRAMES_PER_ROW, WIDTH, speech_embedding
from dicetalk.speech.level import measure_level
from dicetalk.speech.listen import Speech
from dicetalk.speech.mel import MELS

CEPSTRA = 16
PROSODY = ("pitch", "voiced", "voicing", "loudness", "silence")
COLUMNS = (*(f"cepstrum{i}" for i in range(CEPSTRA)), *PROSODY, *(f"embedding{i}" for i in range(WIDTH)))

SOFTEST = -12.0
"""Of bands and loudness against the speech itself [nepers of power], 52 dB: below lies the room."""
LEAST_VOICED = 3
"""Frames; fewer do not tell the speaker's own pitch."""


def speech_rows(waveform: Waveform, speech: Speech) -> Float32:
    """What a clip sounds like, (T, 117) float32, columns as `COLUMNS`.

    Cepstra of the log-mel, whose first tells of loudness; pitch [octaves over the clip's median], 0 where unvoiced;
    voiced and silence 0 or 1, voicing 0 to 1; loudness against the clip's loud part [four nepers of power]; and a tenth
    of the front end's embedding.

    Args:
        waveform: (N,) int16 mono at 16 kHz.
        speech: what was heard in it, T rows without margins.
    """
    power = np.exp(speech.log_mel).sum(axis=1) + 1e-12
    loudness = np.log(power)
    speaking = _speaking(loudness, ~speech.silence)
    cepstra = np.maximum(speech.log_mel - speaking, SOFTEST) @ _cosines()
    prosody = (
        _relative_pitch(speech.pitch),
        speech.pitch > 0,
        speech.voicing,
        np.maximum(loudness - speaking, SOFTEST) / 4,
        speech.silence,
    )
    heard = np.repeat(speech_embedding(waveform, measure_level(waveform)), FRAMES_PER_ROW, axis=0)[: speech.frames]
    return np.column_stack([cepstra, *prosody, heard / 10]).astype(np.float32)


def _speaking(loudness: Float32, active: Bool) -> float:
    """The loudness (T,) which a tenth of the speech exceeds."""
    return float(np.percentile(loudness[active] if active.any() else loudness, 90))


def _relative_pitch(pitch: Float32) -> Float32:
    """(T,) [octaves] over the speaker's own; 0 where there is none."""
    voiced = pitch > 0
    if voiced.sum() < LEAST_VOICED:
        return np.zeros_like(pitch)
    return np.where(voiced, np.log2(np.maximum(pitch, 1) / np.median(pitch[voiced])), 0).astype(np.float32)


@cache
def _cosines() -> Float32:
    """(80, 16) the first directions of a cosine transform (DCT-II) of the bands."""
    places = np.arange(MELS) + 0.5
    cosines: Float32 = np.cos(np.pi * np.outer(places, np.arange(CEPSTRA)) / MELS) * np.sqrt(2 / MELS)
    return cosines.astype(np.float32)
