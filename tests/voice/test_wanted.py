"""The text of `--voice-emotion`."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.emotion.feeling import mix
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import EmotionError, InputError
from dicetalk.voice.wanted import VoiceEmotion, check_voice, mean_of, voice_wanted

FACE = Timeline([(0.0, "happy:1"), (2.0, "sad:0.6")], fade=0)


def line(emotion: VoiceEmotion) -> Timeline:
    return voice_wanted(emotion).line(FACE, 4.0)


def test_as_the_face_moment_by_moment() -> None:
    assert line("timeline") is FACE and line(" Timeline ") is FACE


def test_as_the_face_in_one_mood() -> None:
    ((time, feeling),) = line("same").keys
    assert time == 0 and feeling.strengths == pytest.approx({"happy": 0.5, "sad": 0.3}, abs=0.01)
    assert mean_of(Timeline([(0.0, "angry:0.7")]), 3.0).strengths == pytest.approx({"angry": 0.7})


def test_its_own(tmp_path: Path) -> None:
    assert line("happy:0.7,sad:0.1").keys[0][1].strengths == pytest.approx({"happy": 0.7, "sad": 0.1})
    assert line(mix(fear=0.4)).keys[0][1].strengths == pytest.approx({"fear": 0.4})
    path = tmp_path / "mood.json"
    path.write_text('{"keys": [{"time": 1, "emotion": "angry"}]}')
    assert line(str(path)) == line(path) == line(path.read_text()) == Timeline([(1.0, "angry")])


@pytest.mark.parametrize("odd", [5, None, b"happy", "", "hapy", "auto", "like:clip.mp4", "happy:2", "none.json", "{"])
def test_what_is_none_of_these(odd: object) -> None:
    with pytest.raises(EmotionError):
        voice_wanted(odd)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"speech": False}, "there is no speech whose voice could feel something"),
        ({"motion": True}, "curves are timed to the speech as it is"),
        ({"speakers": True}, "voices of several speakers are not changed"),
    ],
)
def test_what_does_not_go_together(told: dict[str, bool], says: str) -> None:
    usual = {"speech": True, "motion": False, "speakers": False}
    with pytest.raises(InputError, match=says):
        check_voice("same", **(usual | told))
    assert check_voice(None, **(usual | told)) is None
