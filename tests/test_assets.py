"""What comes with the package for the demo and the doctor is whole, small and fits together."""

from __future__ import annotations

from dicetalk import assets
from dicetalk.emotion.timeline import Timeline
from dicetalk.face import choose_face, find_faces
from dicetalk.media import read_picture, read_sound


def test_a_portrait_with_one_face() -> None:
    picture = read_picture(assets.portrait())
    (face,) = find_faces(picture)
    left, top, right, bottom = choose_face([face]).box
    assert right - left > 100 and bottom - top > 100
    assert assets.portrait().stat().st_size <= 200_000


def test_speech_and_a_timeline_for_it() -> None:
    sound = read_sound(assets.speech())
    assert 8 < sound.seconds < 10
    timeline = Timeline.read(assets.timeline())
    times = [time for time, _ in timeline.keys]
    assert times[0] == 0 and times[-1] < sound.seconds
    assert len({name for _, feeling in timeline.keys for name in feeling.strengths}) >= 3


def test_the_readme_names_every_file() -> None:
    text = (assets.FOLDER / "README.md").read_text(encoding="utf-8")
    files = {file.name for file in assets.FOLDER.iterdir() if file.is_file()} - {"README.md", "__init__.py"}
    assert files == {assets.portrait().name, assets.speech().name, assets.timeline().name}
    assert all(name in text for name in files)
