"""A picture as a source of feelings: alone, beside what was typed, and a folder of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.emotion.feeling import mix
from dicetalk.emotion.moments import Moment
from dicetalk.errors import EmotionError, MediaError
from dicetalk.media import write_picture
from dicetalk.sources import scene as scenes
from dicetalk.sources.scene import FRAME_S, Scene, SceneSource, feel_scene, storyboard
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing

SILENCE = Hearing(np.zeros(0, np.int16))
DARK, SUNNY = (8, 8, 10), (250, 220, 60)


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain cards have none; looking for one takes long."""
    monkeypatch.setattr(scenes, "_face_in", lambda path: None)


def card(path: Path, colour: tuple[int, int, int]) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_picture(path, np.full((60, 80, 3), colour, np.uint8))
    return path


def test_what_was_asked_for_shows_and_says_how_unsure_it_is(tmp_path: Path) -> None:
    source = source_of(f"scene:{card(tmp_path / 'dark.png', DARK)}")
    timeline = source.feel(SILENCE)
    ((_, felt),) = timeline.keys
    assert felt.strengths["sad"] > 0.5 and felt.confidence <= 0.3 and "light" in felt.why
    assert not source.listens and source.files == (tmp_path / "dark.png",)
    assert timeline.warnings == () and timeline.lacks == ""


def test_what_was_typed_wins_and_the_scene_remarks(tmp_path: Path) -> None:
    dark = card(tmp_path / "dark.png", DARK)
    timeline = source_of(f"scene:{dark}, happy:0.7").feel(SILENCE)
    assert timeline.keys == ((0.0, mix(happy=0.7)),)
    (line,) = timeline.warnings
    assert line.startswith(f"{dark}: sad backdrop, happy speaker")
    assert source_of(f"scene:{dark},sad").feel(SILENCE).warnings == ()


def test_a_face_in_it_that_disagrees_is_remarked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "_face_in", lambda path: mix(happy=0.8))
    (line,) = source_of(f"scene:{card(tmp_path / 'dark.png', DARK)}").feel(SILENCE).warnings
    assert "sad backdrop, happy face in it" in line


def test_a_comma_in_the_name_of_a_picture(tmp_path: Path) -> None:
    path = card(tmp_path / "rain, later.png", DARK)
    assert source_of(f"scene:{path}") == Scene(path)
    assert source_of(f"scene:{path},happy") == Scene(path, mix(happy=0.8))


@pytest.mark.parametrize(
    ("text", "told"), [("scene", "names no picture"), ("scene: ", "names no picture"), ("scene:a.png,hapy", "'happy'")]
)
def test_what_is_typed_wrongly_is_told_before_any_work(text: str, told: str) -> None:
    with pytest.raises(EmotionError, match=told):
        source_of(text)


def test_a_folder_is_told_how_to_become_a_timeline(tmp_path: Path) -> None:
    with pytest.raises(EmotionError, match="dicetalk feel --source scene"):
        source_of(f"scene:{tmp_path}")


@pytest.mark.parametrize("held", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", None])
def test_pictures_that_are_none(held: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "bad.png"
    if held is not None:
        path.write_bytes(held)
    for feel in (lambda: source_of(f"scene:{path}").feel(SILENCE), lambda: feel_scene(path)):
        with pytest.raises(MediaError, match=r"bad\.png"):
            feel()


def test_moments_with_pictures_have_a_feeling_each() -> None:
    dark = np.full((60, 80, 3), DARK, np.uint8)
    felt = SceneSource().feel_each([Moment(0, 1, picture=dark), Moment(1, 2)])
    assert felt[0].strengths and not felt[1].strengths
    assert felt[1].confidence == 0 and felt[1].why == "no picture: neutral"


def test_a_storyboard_is_a_draft_of_a_timeline(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    for name, colour in (("10.png", SUNNY), ("9.png", DARK), ("2.png", SUNNY)):
        card(folder / name, colour)
    (folder / "notes.txt").write_text("the third is the end")
    assert [path.name for path in storyboard(folder)] == ["2.png", "9.png", "10.png"]
    course = feel_scene(folder)
    timeline = course.timeline("")
    times = [time for time, feeling in timeline.keys if feeling.why]
    assert times == [0, FRAME_S, 2 * FRAME_S]
    assert timeline.keys[1][1].strengths["sad"] > 0.5 and timeline.keys[1][1].confidence < 0.5
    assert [moment["picture"] for moment in course.to_json()] == ["2.png", "9.png", "10.png"]


def test_folders_that_are_no_storyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="holds no picture"):
        feel_scene(tmp_path)
    monkeypatch.setattr(scenes, "MOST_FRAMES", 1)
    for name in "ab":
        card(tmp_path / f"{name}.png", DARK)
    with pytest.raises(MediaError, match="at most 1"):
        feel_scene(tmp_path)
