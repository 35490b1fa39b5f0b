"""What a viewer sees, read back from drawn frames: lips, and postures that grow with strength."""

from __future__ import annotations

import numpy as np
import pytest
from places import PORTRAITS
from readback import landmarks, lip_gap, posture

from dicetalk.acting.performer import perform
from dicetalk.emotion.timeline import Timeline
from dicetalk.face import choose_face, find_faces
from dicetalk.media import Waveform, read_picture
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.renderer import Renderer
from dicetalk.speech import listen, listen_blocks
from dicetalk.speech.broad import closures

SECONDS = 4


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    picture = read_picture(PORTRAITS / "woman.jpg")
    return Renderer(picture, choose_face(find_faces(picture)))


@pytest.fixture(scope="module")
def clip(voice: Waveform) -> Waveform:
    return voice[: SECONDS * 16000]


def acted(clip: Waveform, mood: str) -> Motion:
    frames = -(-len(clip) // 640)
    weights = Timeline([(0.0, mood)]).at((np.arange(frames) + 0.5) / 25).astype(np.float64)
    return concatenate(list(perform(listen_blocks(clip), weights, 0)))


@pytest.mark.parametrize("mood", ["neutral", "happy", pytest.param("angry", marks=pytest.mark.slow)])
def test_lips_close_when_they_must_and_follow_the_command(renderer: Renderer, clip: Waveform, mood: str) -> None:
    motion = acted(clip, mood)
    gap = lip_gap(landmarks(renderer.render(motion)))
    shut = [(start + stop) // 8 for start, stop in closures(listen(clip).phones)]
    assert len(shut) >= 4
    assert np.mean(gap[shut] < 0.02) >= 0.9
    commanded = np.maximum(motion.shapes @ lip_parting(), 0).max(1)
    assert np.corrcoef(commanded, gap)[0, 1] >= 0.9


@pytest.mark.parametrize(
    ("emotion", "mark", "sign"),
    [
        ("happy", "smile width", 1),
        ("happy", "corner height", 1),
        ("sad", "corner height", -1),
        ("surprised", "outer brow height", 1),
        ("surprised", "lid opening", 1),
        ("angry", "inner brow height", -1),
        ("disgusted", "lid opening", -1),
        ("contempt", "left corner over right", 1),
    ],
)
def test_postures_show_and_grow(renderer: Renderer, clip: Waveform, emotion: str, mark: str, sign: int) -> None:
    means = []
    for strength in (0.0, 0.5, 1.0):
        motion = acted(clip, f"{emotion}:{strength}")
        frames = (next(renderer.render(motion[i : i + 1])) for i in range(4, len(motion), 12))
        means.append(np.nanmean(posture(landmarks(frames))[mark]))
    assert np.all(sign * np.diff(means) > 0.003), means
