"""Rates divide each other without a rest: no clock drifts against another, however long the clip."""

from __future__ import annotations

from dicetalk import rates


def test_frames_and_samples() -> None:
    assert rates.SAMPLES_PER_FRAME * rates.FPS == rates.SPEECH_RATE


def test_hops_divide_samples_and_frames() -> None:
    assert rates.HOP * rates.HOPS_PER_SECOND == rates.SPEECH_RATE
    assert rates.HOPS_PER_FRAME * rates.FPS == rates.HOPS_PER_SECOND
    assert rates.HOP * rates.HOPS_PER_FRAME == rates.SAMPLES_PER_FRAME


def test_rows_of_whisper() -> None:
    assert rates.SAMPLES_PER_ROW * rates.WHISPER_RATE == rates.SPEECH_RATE
    assert rates.ROWS_PER_FRAME * rates.FPS == rates.WHISPER_RATE
    assert rates.ROWS_PER_LATENT * rates.LATENT_FPS == rates.WHISPER_RATE


def test_denoised_frames() -> None:
    assert rates.LATENT_FPS * rates.FRAMES_PER_LATENT == rates.FPS
    assert rates.LATENT_FPS == 12.5  # exact in binary, and what the published network is told
