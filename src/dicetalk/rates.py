"""Every rate, named once; what follows from two of them is an exact division."""

from __future__ import annotations

FPS = 25
"""Rows a second of speech and of acted motion, and frames a second of videos where no other rate is asked for."""

VIDEO_RATES = (24, 25, 30, 50, 60)
"""Frames a second that can be asked for."""

SPEECH_RATE = 16_000
"""Samples a second of speech that is analysed [Hz]."""

SAMPLES_PER_FRAME = SPEECH_RATE // FPS

HOPS_PER_SECOND = 100
"""Steps a second of the fine grid of speech, on which pauses and phones are found."""

HOP = SPEECH_RATE // HOPS_PER_SECOND
"""Samples of one such step."""

HOPS_PER_FRAME = HOPS_PER_SECOND // FPS

FRAMES_PER_LATENT = 2
"""The svd denoiser makes every second frame; those between are interpolated."""

LATENT_FPS = FPS / FRAMES_PER_LATENT
"""Frames a second that the svd denoiser makes: 12.5."""

WHISPER_RATE = 50
"""Rows a second of whisper's encoder."""

SAMPLES_PER_ROW = SPEECH_RATE // WHISPER_RATE

ROWS_PER_FRAME = WHISPER_RATE // FPS

ROWS_PER_LATENT = ROWS_PER_FRAME * FRAMES_PER_LATENT


def frames_in(samples: int, fps: int) -> int:
    """How many frames at a rate cover so many samples of speech: at most one longer than it, never shorter."""
    return -(-samples * fps // SPEECH_RATE)
