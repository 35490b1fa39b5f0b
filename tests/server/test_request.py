from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.errors import DiceTalkError, EmotionError, InputError, MediaError, NoFaceError
from dicetalk.jobs import VALUES
from dicetalk.server.problems import field_of
from dicetalk.server.queue import Upload
from dicetalk.server.request import (
    FIELDS,
    OURS,
    Asked,
    FieldError,
    check_fields,
    emotion_of,
    job_of,
    read_form,
    read_json,
)
from dicetalk.sources.scheme import source_of

SENT = Path("/data/uploads/abc")


OUTPUTS = {"output", "motion_out", "preview", "words", "feelings"}
WRITTEN_HERE = OUTPUTS | {"replace", "sign_key", "sign_certificate"}
"""What no client chooses: where files of the server lie."""


def test_every_field_of_a_job_can_be_asked_for_but_where_it_is_written() -> None:
    assert set(FIELDS) - set(OURS) == set(VALUES) - WRITTEN_HERE


@pytest.mark.parametrize(
    ("emotion", "becomes"),
    [
        ("happy:0.7, sad:0.2", "happy:0.7, sad:0.2"),
        ("auto:3", "auto:3"),
        ("like:file", "like:/data/uploads/abc"),
        ("scene:file", "scene:/data/uploads/abc"),
        ("scene:file,happy:0.7", "scene:/data/uploads/abc,happy:0.7"),
        ("text:I lost my dog, and the file.json", "text:I lost my dog, and the file.json"),
        ("file", "/data/uploads/abc"),
        ("file:tender:0.5,happy:0.2", "/data/uploads/abc:tender:0.5,happy:0.2"),
    ],
)
def test_the_word_file_stands_for_what_was_sent(emotion: str, becomes: str) -> None:
    assert emotion_of(emotion, SENT) == becomes


@pytest.mark.parametrize(
    "emotion",
    ["conversation:/etc/turns.csv#anna", " Conversation:file#a",
     "like:/etc/passwd", "scene:/etc/passwd", "scene:/etc/a.jpg,happy", "scene:file", " Scene:file,happy",
     " LIKE:clip.mp4", "/etc/moods.json", "mood.JSON ", "~/x.safetensors:a", "text: notes.MD ", "text:/etc/motd.txt",
     "happy,x.SafeTensors:b:1", "like:", "file", "like:file", "file:tender", 3, None, ["happy"]],
)  # fmt: skip
def test_no_file_of_the_server_can_be_named(emotion: Any) -> None:
    with pytest.raises(EmotionError):
        emotion_of(emotion)


@pytest.mark.parametrize("emotion", ["scene:file,/etc/x.safetensors:a", "scene:file,scene:/etc/a.jpg", "scene:a,happy"])
def test_beside_a_picture_no_file_of_the_server_can_be_named(emotion: str) -> None:
    with pytest.raises(EmotionError):
        emotion_of(emotion, SENT)


@given(st.text("likescnfohapy:.,/~ js0", max_size=30))
def test_whatever_is_typed_reads_no_file(emotion: str) -> None:
    try:
        source = source_of(emotion_of(emotion))
    except DiceTalkError as error:
        assert "cannot be opened" not in str(error)
    else:
        assert source.files == ()


@pytest.mark.parametrize(
    ("error", "told", "field"),
    [
        (NoFaceError("none"), {}, "portrait"),
        (EmotionError("what"), {}, "emotion"),
        (MediaError("what"), {}, None),
        (FieldError("text", "no word"), {"text": "[happy]"}, "text"),
        (FieldError("text", "no word"), {"emotion": "text:[happy]"}, "emotion"),
        (FieldError("emotion", "no face"), {}, "emotion"),
    ],
)
def test_an_error_is_of_a_field_that_was_told(error: DiceTalkError, told: dict[str, Any], field: str | None) -> None:
    assert field_of(error, told) == field


def test_a_form_reads_as_json_does() -> None:
    form = [("seed", "3"), ("head", "0.5"), ("crop", "true"), ("speakers", "1:left:sad"), ("speakers", "2:right:happy"),
            ("emotion", '{"keys": []}'), ("options", '{"preset": "fast"}'), ("channel", "")]  # fmt: skip
    assert read_form(form) == {
        "seed": 3, "head": 0.5, "crop": True, "speakers": ["1:left:sad", "2:right:happy"], "emotion": {"keys": []},
        "options": {"preset": "fast"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("form", "field", "says"),
    [
        ([("seed", "three")], "seed", "a whole number"),
        ([("seed", "1"), ("seed", "2")], "seed", "twice"),
        ([("crop", "perhaps")], "crop", "true or false"),
        ([("options", "{")], "options", "no JSON"),
        ([("seed", "9" * 5000)], "seed", "a whole number"),
    ],
)
def test_a_form_that_cannot_be_read_says_which_field(form: list[tuple[str, str]], field: str, says: str) -> None:
    with pytest.raises(FieldError, match=says) as caught:
        read_form(form)
    assert caught.value.field == field


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"\ud800": 1}', r'{"a": [{"b": "x\udfff"}]}'])
def test_half_a_character_is_refused(text: str) -> None:
    """It could be stored, and no answer that tells of it could be sent any more."""
    with pytest.raises(InputError, match="half a character"):
        read_json(text)
    assert read_json(r'"\ud83d\ude00"') == "\U0001f600"
    with pytest.raises(InputError, match="half a character"):
        read_form([("emotion", "\ud800")])


@pytest.mark.parametrize("text", ["", "{", "[1,", '{"a": NaN}', "[" * 100_000, b"\xff\xfe", "1" * 5000])
def test_what_is_no_json_is_refused_in_a_line(text: str | bytes) -> None:
    with pytest.raises(InputError, match="no JSON that can be read"):
        read_json(text)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"output": "/etc/passwd"}, "output"),
        ({"portrait": "../../etc/passwd"}, "portrait"),
        ({"portrait": "A" * 64}, "portrait"),
        ({"speech": 3}, "speech"),
        ({"backbone": "/root/weights"}, "backbone"),
        ({"format": "exe"}, "format"),
        ({"gaze": ["free"]}, "gaze"),
        ({"consent": "x" * 3000}, "consent"),
        ({"consent": " "}, "consent"),
    ],
)
def test_fields_that_nobody_takes(request_: dict[str, Any], field: str) -> None:
    with pytest.raises(FieldError) as caught:
        check_fields(request_, tuple(FIELDS))
    assert caught.value.field == field


def test_a_request_becomes_a_job(tmp_path: Path) -> None:
    request = {"portrait": "1" * 64, "speech": "2" * 64, "seed": 4, "format": "webm", "consent": "Ann"}
    paths = {"portrait": Path("/data/1"), "speech": Path("/data/2")}
    job = job_of(Asked(request, {}, paths), tmp_path)
    assert (job.portrait, job.speech, job.seed) == (Path("/data/1"), Path("/data/2"), 4)
    assert job.output == tmp_path / "video.webm" and job.motion_out == tmp_path / "motion.csv"
    assert json.loads(json.dumps(job.to_json()))


def test_of_several_faces_there_are_no_curves(tmp_path: Path) -> None:
    request = {"speakers": ["1:left:sad", "2:right:happy"], "voice_emotion": "same"}
    job = job_of(Asked(request, {}, {"portrait": Path("/data/1"), "speech": Path("/data/2")}), tmp_path)
    assert job.motion_out is None and job.speakers == ("1:left:sad", "2:right:happy")
    assert job.voice_emotion == "same"


@pytest.mark.parametrize(
    ("told", "said"),
    [({"text": "Oh no.", "emotion": "sad"}, "Oh no."), ({"emotion": " Text: Oh no. "}, "Oh no."), ({}, None),
     ({"text": "Oh no.", "emotion": "text"}, "Oh no."), ({"emotion": "happy"}, None), ({"emotion": {}}, None)],
)  # fmt: skip
def test_words_are_found_where_they_are_told(told: dict[str, Any], said: str | None, tmp_path: Path) -> None:
    paths = {"portrait": Path("/data/1"), "speech": Path("/data/2")}
    if isinstance(told.get("emotion"), dict):
        paths["emotion_file"] = Path("/data/3")
        told = {"emotion": "file"}
    job = job_of(Asked(told, {}, paths), tmp_path)
    assert (job.text, job.words) == (said, None if said is None else tmp_path / "words.vtt")


def test_of_words_that_nobody_says_nothing_is_found(tmp_path: Path) -> None:
    request = {"idle": 2.0, "emotion": "text:Oh no."}
    assert job_of(Asked(request, {}, {"portrait": Path("/data/1")}), tmp_path).words is None


def test_words_name_no_file(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="send the words themselves") as raised:
        job_of(Asked({"text": "/etc/motd.txt"}, {}, {"speech": Path("/data/2")}), tmp_path)
    assert raised.value.field == "text"


@pytest.mark.parametrize("emotion", ["/etc/mood.json", "file", "like:clip.mp4", "mine.safetensors:tender"])
def test_a_voice_names_no_file(emotion: str, tmp_path: Path) -> None:
    with pytest.raises(EmotionError):
        job_of(Asked({"voice_emotion": emotion}, {}, {"portrait": Path("/data/1")}), tmp_path)


@pytest.mark.parametrize("speaker", ["1:left:like:/etc/passwd", "1:left:scene:/etc/a.jpg", "1:left:x.safetensors:a", 3])
def test_speakers_name_no_file_either(speaker: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        job_of(Asked({"speakers": [speaker]}, {}, {"portrait": Path("/data/1")}), tmp_path)


@pytest.mark.parametrize(
    ("emotion", "kind"),
    [("file", "picture"), ("file", "sound"), ("file:tender", "timeline"), ("happy:0.2,file:0.3", "video"),
     ("like:file", "timeline"), ("LIKE: file", "emotions"), ("scene:file", "video"), ("Scene:file,happy", "sound")],
)  # fmt: skip
def test_a_file_of_another_kind_than_its_emotion_takes(tmp_path: Path, emotion: str, kind: str) -> None:
    asked = Asked({"emotion": emotion}, {"emotion_file": Upload("0" * 64, kind, "", {})}, {"emotion_file": tmp_path})
    with pytest.raises(FieldError, match=f"the emotion file is a {kind}") as raised:
        job_of(asked, tmp_path)
    assert raised.value.field == "emotion_file" and str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize("emotion", ["like:file", "scene:file", " SCENE:file, happy:0.7"])
def test_a_picture_is_taken_where_one_is_wanted(tmp_path: Path, emotion: str) -> None:
    sent = {"emotion_file": Upload("0" * 64, "picture", "", {})}
    places = {name: tmp_path / f"{name}.bin" for name in ("portrait", "speech", "emotion_file")}
    assert f"{tmp_path}/emotion_file.bin" in job_of(Asked({"emotion": emotion}, sent, places), tmp_path).emotion
