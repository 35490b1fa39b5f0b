"""Every rate, named once; what follows from two of them is an exact division."""

from __future__ import annotations

FPS = 25
"""Frames a second of the videos that are written, and rows a second of speech and of motion."""

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
