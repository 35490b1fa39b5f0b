"""One clip's motion while it is spoken: live as at once, in time, with an emotion that changes on the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Float32
from dicetalk.backbone import Felt
from dicetalk.diffusion.checkpoint import MotionModel, read_model
from dicetalk.diffusion.performance import BEHIND, Performance
from dicetalk.diffusion.stream import Guidance
from dicetalk.emotion.road import track
from dicetalk.emotion.timeline import Timeline
from dicetalk.media import Waveform
from dicetalk.motion.space import Motion, concatenate
from dicetalk.rates import FPS, SAMPLES_PER_FRAME, SPEECH_RATE


@pytest.fixture(scope="module")
def model(tiny_motion: Path) -> MotionModel:
    return read_model(tiny_motion)


@pytest.fixture(scope="module")
def said(voice: Waveform) -> Waveform:
    """3 s and a part of a frame."""
    return voice[: 3 * SPEECH_RATE + 100]


def always(feeling: str) -> Felt:
    return lambda first, frames: track(Timeline([(0.0, feeling)]), (np.arange(first, first + frames) + 0.5) / FPS)


def performance(model: MotionModel, felt: Felt | None = None, amounts: Amounts = AS_USUAL) -> Performance:
    return Performance(model, Guidance(), felt or always("happy:0.7,surprised:0.2"), 3, amounts)


def columns(motion: Motion) -> Float32:
    return np.column_stack([motion.shapes, motion.pose])


def moved(some: Performance, said: Waveform, counts: list[int]) -> Float32:
    """All of the motion of what is said, handed over in portions; of the rest at once."""
    made = []
    for part in np.split(said, np.cumsum(counts)):
        some.hear(part)
        made += list(some.moves())
    some.finish()
    return columns(concatenate([*made, *some.moves()]))


@pytest.fixture(scope="module")
def at_once(model: MotionModel, said: Waveform) -> Float32:
    return moved(performance(model), said, [])


def test_a_row_for_every_frame(said: Waveform, at_once: Float32) -> None:
    assert len(at_once) == -(-len(said) // SAMPLES_PER_FRAME) == 76


@pytest.mark.parametrize("counts", [[160] * 40, [1, 2, 3, 4001, 0, 20_000], [320, 44_000]])
def test_portions_do_not_matter(model: MotionModel, said: Waveform, at_once: Float32, counts: list[int]) -> None:
    np.testing.assert_array_equal(moved(performance(model), said, counts), at_once)


@pytest.mark.parametrize("samples", [0, 1, 640, 641, 1280, 7 * 640 + 1, 9 * 640])
def test_a_clip_of_any_length_ends_with_its_last_sample(
    model: MotionModel, said: Waveform, at_once: Float32, samples: int
) -> None:
    some = performance(model)
    some.hear(said[:samples])
    some.finish()
    assert sum(map(len, some.moves())) == -(-samples // SAMPLES_PER_FRAME)


def test_frames_come_360_ms_behind_their_beginning(model: MotionModel, said: Waveform) -> None:
    some, made = performance(model), 0
    for start in range(0, len(said) // SAMPLES_PER_FRAME * SAMPLES_PER_FRAME, SAMPLES_PER_FRAME):
        some.hear(said[start : start + SAMPLES_PER_FRAME])
        made += sum(map(len, some.moves()))
        late = (start + SAMPLES_PER_FRAME) / SPEECH_RATE - made / FPS
        assert late < BEHIND  # of the next frame, which is not made yet
    assert BEHIND == 0.36


def test_an_emotion_changes_from_its_frame_on(model: MotionModel, said: Waveform, at_once: Float32) -> None:
    def felt(first: int, frames: int) -> object:
        return always("happy:0.7,surprised:0.2" if first < 30 else "angry")(first, frames)

    changed = moved(performance(model, felt), said, [800] * 20)  # type: ignore[arg-type]
    np.testing.assert_array_equal(changed[:30], at_once[:30])
    assert np.abs(changed[30:] - at_once[30:]).max() > 1e-4


def test_amounts(model: MotionModel, said: Waveform, at_once: Float32) -> None:
    still = moved(performance(model, amounts=Amounts(head=0, blink=0, gaze="camera")), said, [])
    assert not still[:, 52:].any() and at_once[:, 52:].any()
