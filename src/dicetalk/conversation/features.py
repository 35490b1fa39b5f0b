"""What a turn of a conversation looks like to a network: numbers of its words, and what its voice resembles in time.

Words and runs of letters become numbers of rows in one table by a checksum, so that no list of words has to be kept.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from dicetalk.arrays import Float32, Int64
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import VOICE_LIKENESS
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.media import Waveform
from dicetalk.rates import FPS
from dicetalk.speech import listen
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import speech_rows

MOST_WORDS = 24
"""Of a turn, in their order; the last ones where there are more. Runs of letters and pairs are taken of all."""
MOST_LETTERS = 600
"""Of a turn; a longer one is cut."""
WINDOW, HOP = round(1.5 * FPS), round(0.75 * FPS)
"""Of a voice [rows]."""
MOST_WINDOWS = 8
"""Of a turn, in their order; the last ones where there are more."""
MOST_VOICE = 30 * FPS
"""Rows of a voice that are heard, the last ones where there are more."""

_WORD = re.compile(r"[a-z0-9']+|[!?]+|\.\.\.")


def words_of(text: str) -> list[str]:
    """Words in lower case, and the signs that tell of feelings: `!`, `?` and dots."""
    return _WORD.findall(text[:MOST_LETTERS].lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def word_rows(words: list[str], rows: int) -> Int64:
    """The rows of a table of so many for the last words, (L,) at most `MOST_WORDS`."""
    return np.array([_row(f"w {word}", rows) for word in words[-MOST_WORDS:]], np.int64)


def gram_rows(words: list[str], rows: int) -> Int64:
    """The rows of a table of so many for words, pairs and runs of 2 to 5 letters, (G,), each once."""
    return np.unique(np.array([_row(gram, rows) for gram in _grams(words)], np.int64))


def _grams(words: list[str]) -> Iterator[str]:
    for word in words:
        yield f"g {word}"
        padded = f" {word} "
        for length in range(2, 6):
            for start in range(len(padded) - length + 1):
                yield f"c{padded[start : start + length]}"
    for one, other in pairwise(words):
        yield f"g {one} {other}"


def _row(gram: str, rows: int) -> int:
    return zlib.crc32(gram.encode()) % rows


def voice_rows(sound: Waveform | None) -> Float32:
    """What a voice resembles in windows of 1.5 s and, in the last row, in all: shares of `HEARD`, (S, 7).

    No row where there is no sound, or it holds no speech.

    Args:
        sound: (N,) int16, mono at 16 kHz.
    """
    nothing = np.zeros((0, len(HEARD)), np.float32)
    if sound is None:
        return nothing
    rows = speech_rows(sound, listen(sound))[-MOST_VOICE:]
    if lacks_speech(rows):
        return nothing
    starts = range(0, max(len(rows) - HOP, 1), HOP)
    windows = [rows[start : start + WINDOW] for start in starts][-MOST_WINDOWS:]
    return np.stack([_resembled(window) for window in (*windows, rows)])


def _resembled(rows: Float32) -> Float32:
    prior = shipped_embedder().embed(rows, None)
    return np.asarray(shipped_space().likeness(prior, HEARD, VOICE_LIKENESS).shares, np.float32)
