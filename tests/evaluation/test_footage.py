"""What is heard and seen of a video; and the controls that can be made of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from footages import footage, mouth_of
from recordings import picture_only

from dicetalk.errors import InputError, NoFaceError
from dicetalk.evaluation.footage import read_footage
from dicetalk.media import Picture, VideoWriter, read_sound


def test_a_talking_face_is_read(talking: Path) -> None:
    found = read_footage(talking, "clip")
    assert (found.name, found.frames, found.seconds) == ("clip", 30, 1.2)
    assert found.mouth.shape == (120, 26)
    assert len(found.motion) == len(found.loudness) == len(found.pitch) == len(found.boxes) == 30
    assert (len(found.moved), len(found.shaken)) == (29, 28)
    assert found.points.shape == (30, 5, 2)
    assert found.gap.max() > 0.05 > 0.02 > found.gap.min()


def test_without_sound_pictures_face_or_length_it_says_so(
    tmp_path: Path, speech: Path, no_face: Picture, talking: Path
) -> None:
    picture_only(tmp_path / "silent.mp4")
    with pytest.raises(InputError, match="has no sound; give videos with both"):
        read_footage(tmp_path / "silent.mp4", "silent")
    with pytest.raises(InputError, match="has no pictures; give videos with both"):
        read_footage(speech, "speech")
    with VideoWriter(tmp_path / "blank.mp4", width=320, height=240, speech=read_sound(speech)) as video:
        video.write(np.repeat(no_face[None], 30, axis=0))
    with pytest.raises(NoFaceError, match="shows no face in most of its frames"):
        read_footage(tmp_path / "blank.mp4", "blank")


def test_another_sound_is_as_long_as_the_shorter() -> None:
    long, short = footage("long"), footage("short", mouth_of(("A", "M", "A", "M", "A")))
    both = long.with_sound_of(short)
    assert both.frames == short.frames == len(both.motion) == len(both.loudness)
    np.testing.assert_array_equal(both.mouth, short.mouth)
    np.testing.assert_array_equal(both.gap, long.gap[: short.frames])
    assert short.with_sound_of(long).frames == short.frames


def test_a_loud_mouth_opens_as_far_as_it_is_loud() -> None:
    moving = footage()
    loud = moving.loud_mouth()
    assert loud.gap.max() == pytest.approx(np.percentile(moving.gap, 90) * moving.loudness.max())
    assert loud.gap[moving.loudness == 0].max() == 0
    assert loud.motion is moving.motion and loud.mouth is moving.mouth


def test_a_still_face_holds_where_its_lips_are_nearest() -> None:
    moving = footage()
    still = moving.still()
    assert still.frames == moving.frames == len(still.motion)
    assert np.ptp(still.gap) == 0 and still.gap[0] == moving.gap.min()
    assert np.ptp(still.motion.pose, axis=0).max() == 0
    assert (len(still.moved), len(still.shaken)) == (len(moving.moved), len(moving.shaken))
