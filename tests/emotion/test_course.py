"""What is felt in the course of a script, of one or several speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.emotion.course import Course, plot_course
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.moments import Moment
from dicetalk.errors import EmotionError
from dicetalk.media import read_picture

MOMENTS = [Moment(0, 2, "ANNA", "Hello."), Moment(1, 4, "Tom $5", "Hi."), Moment(5, 6, "ANNA", "Well.")]
FELT = [mix(happy=0.5), mix(sad=0.8), Feeling(intensity=0.0)]


def test_each_speaker_has_a_timeline() -> None:
    course = Course(MOMENTS, FELT, lacks="no sound", warnings=("a warning",))
    assert course.speakers == ("ANNA", "Tom $5")
    anna = course.timeline("ANNA")
    assert anna.keys[0][0] == 0
    assert (anna.lacks, anna.warnings) == ("no sound", ("a warning",))
    assert np.allclose(course.timeline("Tom $5").at([3.0])[0, 6], 0.8)
    with pytest.raises(EmotionError, match="nobody called 'Eve' speaks; expected one of: ANNA"):
        course.timeline("Eve")


def test_as_json_holds_it() -> None:
    first, *_ = Course(MOMENTS, FELT, [{"fine": 1}, {}, {}]).to_json()
    assert first["speaker"] == "ANNA" and first["fine"] == 1 and first["intensity"] == 0.5
    assert first["weights"]["happy"] == 1


def test_as_many_feelings_as_moments() -> None:
    with pytest.raises(EmotionError, match="3 moments and 1 feelings"):
        Course(MOMENTS, FELT[:1])


def test_a_picture_of_all_speakers(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot_course(tmp_path / "course.png", Course(MOMENTS, FELT))
    height, width = read_picture(tmp_path / "course.png").shape[:2]
    assert width >= 800 and height > 400
