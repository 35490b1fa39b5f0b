"""Timelines as JSON: files that people write, what a source found told and read again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT

from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.priors import save_priors
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.timeline_file import MAX_FILE_BYTES, read_timeline, to_json
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "mood.json"
    keys = [{"time": 0, "emotion": "neutral"}, {"time": 2.5, "emotion": {"joy": 0.7, "surprised": 0.3}}]
    path.write_text(json.dumps({"fade": 0.5, "keys": keys}))
    expected = Timeline([(0, "neutral"), (2.5, mix(happy=0.7, surprised=0.3))], fade=0.5)
    assert Timeline.read(path) == Timeline.read(str(path)) == read_timeline(path) == expected


def test_read_without_fade_and_with_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mood.json"
    path.write_text('{"keys": [{"time": 1, "emotion": "sad:0.5"}]}', encoding="utf-8-sig")
    assert Timeline.read(path) == Timeline([(1, "sad:0.5")])


def key_file(key: str) -> str:
    return '{"keys": [{"time": 0, "emotion": "sad"}, ' + key + "]}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"keys": [\n\n  oops]}', "not JSON: line 3"),
        ("", "is empty"),
        (" ", "not JSON: line 1"),
        ("[]", "the file is not an object"),
        ("{}", "no field 'keys'"),
        ('{"keys": []}', "no keys"),
        ('{"keys": {}}', "not a list"),
        ('{"keys": [], "speed": 1}', "unknown field 'speed'"),
        ('{"keys": [], "keys": []}', "given twice"),
        ('{"keys": [], "fade": "slow"}', "expected a number"),
        ('{"keys": [], "fade": -1}', "fade"),
        (key_file("5"), r"keys\[1\] is not an object"),
        (key_file('{"time": 1}'), r"keys\[1\]: no field 'emotion'"),
        (key_file('{"time": 1, "emotion": "sad", "x": 0}'), r"keys\[1\]: unknown field 'x'"),
        (key_file('{"time": true, "emotion": "sad"}'), r"keys\[1\]: \"time\" is 'True'"),
        (key_file('{"time": NaN, "emotion": "sad"}'), r"keys\[1\]: \"time\" is nan"),
        (key_file('{"time": 1' + "0" * 400 + ', "emotion": "sad"}'), r"keys\[1\]: .*too large"),
        (key_file('{"time": 1' + "0" * 5000 + ', "emotion": "sad"}'), "too long"),
        (key_file('{"time": 0, "emotion": "sad"}'), r"keys\[1\]: time 0 is not after 0"),
        (key_file('{"time": 1, "emotion": "sadd"}'), r"keys\[1\]: unknown emotion 'sadd'; did you mean 'sad'"),
        (key_file('{"time": 1, "emotion": 7}'), r"keys\[1\]: \"emotion\" is not understood"),
        (key_file('{"time": 1, "emotion": {}}'), r"keys\[1\]: \"emotion\" is not understood"),
        (key_file('{"time": 1, "emotion": {"sad": "1"}}'), r"keys\[1\]: strength of 'sad'"),
        (key_file('{"time": 1, "emotion": {"sad": 0.7, "happy": 0.7}}'), r"keys\[1\]: .*add up to 1.4"),
        (key_file('{"time": 1, "emotion": "sad", "confidence": 2}'), r"keys\[1\]: the confidence is 2"),
        (key_file('{"time": 1, "emotion": "sad", "confidence": "sure"}'), r"keys\[1\]: \"confidence\" is 'sure'"),
        (key_file('{"time": 1, "emotion": {"a.safetensors:b:0.5": 0.5}}'), r"keys\[1\]: .* names a strength, and"),
        (key_file('{"time": 1, "emotion": {"sad": 0.1, "sadness": 0.1}}'), r"keys\[1\]: 'sad' is given twice"),
        ("[" * 100_000, "nested too deep"),
        (" " * (MAX_FILE_BYTES + 1), "at most 1 MB"),
    ],
)
def test_bad_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mood.json"
    path.write_text(text)
    with pytest.raises(EmotionError, match=says) as caught:
        read_timeline(path)
    assert "mood.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_which_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"keys": "\xe9"}')
    (tmp_path / "folder.json").mkdir()
    for name, says in [("none.json", "No such file"), ("folder.json", "is a folder"), ("latin.json", "UTF-8")]:
        with pytest.raises(EmotionError, match=says):
            read_timeline(tmp_path / name)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(NAMES),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["keys", "time", "emotion", "fade", "lacks", "confidence", "why", "happy", "sad"])
                | st.text(max_size=3),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_gives_a_timeline_or_an_emotion_error(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "mood.json"
    path.write_text(json.dumps(value))
    try:
        assert Timeline.read(path).keys
    except EmotionError as error:
        assert "\n" not in str(error)


def test_the_documented_file_is_read(tmp_path: Path) -> None:
    text = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    path = tmp_path / "mood.json"
    path.write_text(text.split("```json")[1].split("```")[0])
    timeline = Timeline.read(path)
    assert [str(feeling) for _, feeling in timeline.keys] == ["neutral", "happy:0.7,surprised:0.3", "sad:0.5"]
    np.testing.assert_allclose(timeline.at([1.9, 2.5])[:, 0], [1, 0], atol=1e-6)


# ---- what a source found, told and read again


@st.composite
def timelines(draw: Any) -> Timeline:
    gaps = draw(st.lists(st.floats(0.001, 10), min_size=1, max_size=5))
    return Timeline(
        [(float(time), draw(feelings())) for time in np.cumsum(gaps)], draw(st.floats(0, 3)), draw(st.text())
    )


@st.composite
def feelings(draw: Any) -> Feeling:
    parts = draw(st.lists(st.floats(0, 1), min_size=8, max_size=8))
    total = math.fsum(parts)
    weights = tuple(part / total for part in parts) if total > 0.01 else (1.0, *[0.0] * 7)
    return Feeling(weights, draw(st.floats(0, 1)), draw(st.floats(0, 1)), draw(st.text()))


@settings(deadline=None)
@given(timelines())
def test_what_is_told_is_read_again(tmp_path_factory: pytest.TempPathFactory, timeline: Timeline) -> None:
    path = tmp_path_factory.mktemp("told") / "mood.json"
    path.write_text(json.dumps(to_json(timeline)), encoding="utf-8")
    again = read_timeline(path)
    assert (again.fade, again.lacks) == (timeline.fade, timeline.lacks)
    assert [time for time, _ in again.keys] == [time for time, _ in timeline.keys]
    for (_, read), (_, told) in zip(again.keys, timeline.keys, strict=True):
        np.testing.assert_allclose(read.mixture(), told.mixture(), atol=1e-6)
        assert read.why == told.why and read.confidence == pytest.approx(told.confidence, abs=1e-4)


def test_what_is_told_is_plain() -> None:
    told = to_json(Timeline([(0, "neutral"), (2.5, mix(happy=0.7, surprised=0.2))], fade=0.5))
    assert told == {
        "keys": [
            {"time": 0, "emotion": "neutral", "confidence": 1, "why": ""},
            {"time": 2.5, "emotion": {"happy": 0.7, "surprised": 0.2}, "confidence": 1, "why": ""},
        ],
        "fade": 0.5,
        "lacks": "",
    }
    assert json.loads(json.dumps(told)) == told


# ---- own emotions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a file of an own emotion, which is the stored angry; the tests stand elsewhere."""
    space = shipped_space()
    save_priors(tmp_path / "mine.safetensors", {"cross": space.priors["angry"]}, space.name)
    return tmp_path


def read(folder: Path, *emotions: object) -> list[Feeling]:
    """The feelings of a timeline file of that folder."""
    keys = [{"time": time, "emotion": emotion} for time, emotion in enumerate(emotions)]
    (folder / "mood.json").write_text(json.dumps({"keys": keys}), encoding="utf-8")
    return [feeling for _, feeling in read_timeline(folder / "mood.json").keys]


def test_own_emotions_lie_beside_the_file(folder: Path) -> None:
    text, table, mixed, other = read(
        folder,
        "mine.safetensors:cross:0.5",
        {"mine.safetensors:cross": 0.5},
        {"mine.safetensors": 0.5, "happy": 0.25},
        {"happy": 0.5},
    )
    space = shipped_space()
    neutral, angry, happy = (space.priors[name].mean for name in ("neutral", "angry", "happy"))
    assert text.prior is not None and table.prior is not None and mixed.prior is not None and other.prior is None
    np.testing.assert_allclose(text.prior.mean, neutral + 0.5 * (angry - neutral), atol=1e-5)
    np.testing.assert_array_equal(table.prior.mean, text.prior.mean)
    expected = neutral + 0.5 * (angry - neutral) + 0.25 * (happy - neutral)
    np.testing.assert_allclose(mixed.prior.mean, expected, atol=1e-5)
    assert table.strengths == text.strengths and mixed.strengths["happy"] >= 0.25
    assert table.why == text.why and 0 < table.confidence == text.confidence < 1


def test_own_emotions_that_are_not_there_are_named(folder: Path) -> None:
    with pytest.raises(EmotionError, match=r"timeline 'mood.json': keys\[1\]: .*no emotion 'tender'; there are: cross"):
        read(folder, "happy", {"mine.safetensors:tender": 0.5})
    with pytest.raises(EmotionError, match=r"keys\[0\]: .*gone.safetensors cannot be opened"):
        read(folder, "gone.safetensors:tender")


@pytest.mark.parametrize("field", ["why", "lacks"])
def test_what_must_be_text_is_text(tmp_path: Path, field: str) -> None:
    key: dict[str, Any] = {"time": 0, "emotion": "happy"}
    whole: dict[str, Any] = {"keys": [key]}
    (key if field == "why" else whole)[field] = None
    (tmp_path / "mood.json").write_text(json.dumps(whole))
    with pytest.raises(EmotionError, match=f'"{field}" is .*; expected text'):
        read_timeline(tmp_path / "mood.json")
