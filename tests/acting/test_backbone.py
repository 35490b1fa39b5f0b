"""The rules as a backbone: pieces small enough for live use, and frames that are the motion it tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from dicetalk.acting.backbone import RulesBackbone, load_rules
from dicetalk.acting.puppet import CHUNK_S
from dicetalk.backbone import Conditions, Moves
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.face import Face
from dicetalk.media import Picture, Waveform
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.framing import framed
from dicetalk.portrait.renderer import Renderer
from dicetalk.rates import FPS, SAMPLES_PER_FRAME
from dicetalk.speech import Hearing, Speech, listen_blocks


class Live(Hearing):
    """Speech whose first second alone has been said yet."""

    def blocks(self) -> Iterator[Speech]:
        yield next(super().blocks())
        pytest.fail("frames wait for what has not been said")


def felt(frames: int, emotion: str) -> EmotionTrack:
    return track(Timeline([(0.0, emotion)]), (np.arange(frames) + 0.5) / FPS)


@pytest.fixture(scope="module")
def conditions(hopper_picture: Picture, face: Face, voice: Waveform) -> Conditions:
    """Two seconds of speech, of which the first alone is heard at first."""
    portrait, there = framed(hopper_picture, face, 96, crop=True)
    hearing = Hearing(voice[: 2 * FPS * SAMPLES_PER_FRAME])
    return Conditions(portrait, there, hearing, felt(len(hearing), "happy"), 0)


@pytest.fixture(scope="module")
def motion(conditions: Conditions) -> Motion:
    return concatenate(list(RulesBackbone().act(conditions)))


def test_it_needs_neither_a_folder_nor_options() -> None:
    backbone = load_rules()
    assert (backbone.kind, backbone.fps) == ("rules", FPS) and isinstance(backbone, Moves)


def test_frames_are_the_motion_it_tells(conditions: Conditions, motion: Motion) -> None:
    """`--motion-out` gives the curves of the very video."""
    frames = np.concatenate(list(RulesBackbone().generate(conditions)))
    assert len(frames) == len(motion) == len(conditions.speech)
    expected = list(Renderer(conditions.portrait, conditions.face).render(motion[10:13]))
    np.testing.assert_array_equal(frames[10:13], expected)


def test_pieces_are_small_and_the_first_comes_early(conditions: Conditions) -> None:
    stream = RulesBackbone().generate(replace(conditions, speech=Live(conditions.speech.waveform)))
    chunks = list(islice(stream, 5))
    assert [len(chunk) for chunk in chunks] == [round(CHUNK_S * FPS)] * 5


def test_nothing_more_is_heard_before_the_first_frame_is_there(conditions: Conditions) -> None:
    """Hearing would keep it waiting."""
    heard = []

    class Told(Hearing):
        def blocks(self) -> Iterator[Speech]:
            for number, block in enumerate(listen_blocks(self.waveform, 1.0)):
                heard.append(number)
                yield block

    stream = RulesBackbone().generate(replace(conditions, speech=Told(conditions.speech.waveform)))
    next(stream)
    assert heard == [0]
    assert sum(map(len, stream)) == len(conditions.speech) - round(CHUNK_S * FPS) and heard == [0, 1]


def test_a_single_frame(conditions: Conditions) -> None:
    short = replace(conditions, speech=Hearing(conditions.speech.waveform[:1]), emotion=felt(1, "sad"))
    (chunk,) = RulesBackbone().generate(short)
    assert chunk.shape == (1, *conditions.portrait.shape)


def test_a_smile_is_in_the_motion_of_happy_speech(conditions: Conditions, motion: Motion) -> None:
    sad = concatenate(list(RulesBackbone().act(replace(conditions, emotion=felt(len(motion), "sad")))))
    assert motion.column("mouthSmileLeft").mean() > sad.column("mouthSmileLeft").mean() + 0.2
    assert sad.column("mouthFrownLeft").mean() > motion.column("mouthFrownLeft").mean() + 0.2


def test_an_emotion_that_the_rules_do_not_know_is_neutral(conditions: Conditions, motion: Motion) -> None:
    weights = np.tile(np.array([0, 1], np.float32), (len(motion), 1))
    unknown = replace(conditions, emotion=EmotionTrack(weights, ("neutral", "proud")))
    neutral = replace(conditions, emotion=felt(len(motion), "neutral"))
    one, other = (concatenate(list(RulesBackbone().act(given))) for given in (unknown, neutral))
    np.testing.assert_array_equal(one.shapes, other.shapes)
    np.testing.assert_array_equal(one.pose, other.pose)


SLOW = ("torch", "scipy.ndimage", "scipy.optimize", "scipy.interpolate", "scipy.signal", "scipy.spatial")
"""What takes a tenth of a second or more to import, and is not needed for a frame."""


def test_nothing_slow_is_imported_up_to_the_first_frame(speech: Path, hopper: Path) -> None:
    work = (
        "import sys, dicetalk; stream = dicetalk.load()(sys.argv[1], sys.argv[2], size=64).stream(); next(stream); "
        "stream.close(); print(*(name for name in sys.argv[3:] if name in sys.modules))"
    )
    command = [sys.executable, "-c", work, str(hopper), str(speech), *SLOW]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []
