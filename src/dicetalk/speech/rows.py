"""What a network hears: speech features as one array."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.speech.listen import Speech
from dicetalk.speech.mel import MELS

COLUMNS = (*(f"mel{i}" for i in range(MELS)), "pitch", "voiced", "voicing", "loudness", "silence")
MIDDLE_PITCH = 150.0
"""[Hz], between the voices of men and women."""


def speech_rows(speech: Speech) -> Float32:
    """(T, 85) float32, columns as `COLUMNS`: log-mel, pitch [octaves over 150 Hz], the rest 0 to 1.5."""
    voiced = speech.pitch > 0
    octaves = np.log2(np.where(voiced, speech.pitch, MIDDLE_PITCH) / MIDDLE_PITCH)
    prosody = (octaves, voiced, speech.voicing, speech.loudness, speech.silence)
    return np.column_stack([speech.log_mel, *prosody]).astype(np.float32)
