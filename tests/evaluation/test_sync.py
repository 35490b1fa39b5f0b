"""LSE-D and LSE-C: a network that knows voice from face finds them together where they are, and apart elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from speech_like import noise, tone

from dicetalk.arrays import UInt8, Waveform
from dicetalk.evaluation.sync import mel_cepstra, sync_scores
from dicetalk.rates import SAMPLES_PER_FRAME


def loud_and_bright(frames: int = 80, late: int = 0) -> tuple[Waveform, UInt8]:
    """Noise whose loudness changes by chance each frame, and faces whose brightness does so as many frames later."""
    loud = np.random.default_rng(0).uniform(0.05, 1, frames)
    waveform = (noise(frames / 25, 6000) * np.repeat(loud, SAMPLES_PER_FRAME)).astype(np.int16)
    faces = np.zeros((frames, 224, 224, 3), np.uint8)
    faces[:] = (200 * np.roll(loud, late))[:, None, None, None]
    return waveform, faces


def knows(inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """A network that hears how loud each frame is, and sees how bright."""
    sound, faces = inputs
    assert sound.shape[1:] == (1, 13, 20) and faces.shape[1:] == (3, 5, 224, 224)
    heard = np.exp(sound[:, 0, 0].reshape(len(sound), 5, 4).mean(2) / 2)
    seen = faces.mean(axis=(1, 3, 4))
    return [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (heard, seen)]


def test_in_step_they_are_near_and_elsewhere_apart() -> None:
    found = sync_scores(knows, *loud_and_bright())
    assert found is not None
    near, ahead = found
    assert near < 0.3 and ahead > 0.2


def test_a_lag_of_some_frames_is_found_too() -> None:
    near, late = sync_scores(knows, *loud_and_bright()), sync_scores(knows, *loud_and_bright(late=6))
    assert near is not None and late is not None and late[0] == pytest.approx(near[0], abs=0.1)


def test_faces_of_chance_are_nowhere_near() -> None:
    waveform, faces = loud_and_bright()
    faces = np.random.default_rng(1).permutation(faces)
    found = sync_scores(knows, waveform, faces)
    assert found is not None and found[1] < 0.15


def test_a_short_clip_has_none() -> None:
    assert sync_scores(knows, *loud_and_bright(30)) is None


def test_cepstra_are_louder_of_what_is_louder_and_tell_tones_apart() -> None:
    low, high = mel_cepstra(tone(200, 1)), mel_cepstra(tone(3000, 1))
    assert low.shape == high.shape == (98, 13)
    assert low[:, 1].mean() > 0 > high[:, 1].mean()  # more below than above, and the other way round
    louder = mel_cepstra(tone(200, 1, amplitude=16000))
    np.testing.assert_allclose(louder[5:90, 0] - low[5:90, 0], np.log(4), atol=0.01)
