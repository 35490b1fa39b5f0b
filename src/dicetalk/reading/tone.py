"""Tone: which emotion a voice has in each window, as the embedder hears it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.clarity import strength_of
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import VOICE_LIKENESS
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.media import Sound, Waveform
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.reading.answers import NOTHING, Answers, Span
from dicetalk.reading.look import reach
from dicetalk.recording import Missing
from dicetalk.speech import listen
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import COLUMNS, speech_rows

BLOCK_S = 60.0
"""Of a long recording so much is listened to at once [s]."""
AROUND_S = 4.0
"""So much is listened to around the middle of a window [s]: a second of a voice says little."""


def tones(sound: Sound, spans: Sequence[Span]) -> Answers | Missing:
    """What a voice tells of each window; or why it tells nothing of any."""
    found = [_told(rows) for rows in _around(sound, spans)]
    reasons = [told for told in found if isinstance(told, str)]
    if len(reasons) == len(spans):
        return Missing(f"no voice is heard in {sound.path}: {reasons[0]}")
    shares = np.array([NOTHING if isinstance(told, str) else told for told in found])
    strengths = strength_of(WHEEL.place(shares).clarity, "voice")
    return Answers(shares, strengths, np.array([not isinstance(told, str) for told in found]))


def _told(rows: Float32) -> Float64 | str:
    """Shares (8,) of rows (T, C), or what they lack."""
    lack = lacks_speech(rows)
    if lack:
        return lack
    embedder = shipped_embedder()
    like = embedder.space.likeness(embedder.embed(rows, None), HEARD, VOICE_LIKENESS)
    shares = dict(zip(like.names, like.shares, strict=True))
    row = np.array([shares.get(name, 0.0) for name in NAMES])
    return np.asarray(row / row.sum())


def _around(sound: Sound, spans: Sequence[Span]) -> Iterator[Float32]:
    """Rows (T, C) of what is heard in each window and around it, heard block by block; none where the sound is over."""
    start, end, rows = 0.0, 0.0, np.zeros((0, len(COLUMNS)), np.float32)
    for span in spans:
        first, last = reach(span, AROUND_S, sound.seconds)
        if span[0] < sound.seconds and last > end:
            start = min(first, max(sound.seconds - BLOCK_S, 0.0))
            end = min(start + BLOCK_S, sound.seconds)
            rows = _heard(sound.waveform, start, end)
        over = span[0] >= sound.seconds
        yield rows[:0] if over else rows[round((first - start) * FPS) : round((last - start) * FPS)]


def _heard(waveform: Waveform, start: float, end: float) -> Float32:
    """Rows (T, C) of a stretch [s] of a waveform."""
    piece = waveform[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]
    return speech_rows(piece, listen(piece))
