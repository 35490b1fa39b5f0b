import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from dicetalk.emotion.timeline import DEFAULT_STRENGTH, MAX_FILE_BYTES, Emotion, Timeline, mix
from dicetalk.emotion.vocabulary import ALIASES, NAMES
from dicetalk.errors import EmotionError


@st.composite
def emotions(draw):
    parts = draw(st.lists(st.floats(0, 1), min_size=7, max_size=7))
    scale = max(1.0, math.fsum(parts))
    return Emotion(tuple(part / scale for part in parts))


@st.composite
def timelines(draw):
    gaps = draw(st.lists(st.floats(0.01, 10), min_size=1, max_size=6))
    keys = [(float(time), draw(emotions())) for time in np.cumsum(gaps)]
    return Timeline(keys, fade=draw(st.floats(0, 3)))


def weight(emotion, name):
    return emotion.weights()[NAMES.index(name)]


# ---- the grammar


def test_bare_name_has_the_default_strength():
    assert Emotion.parse("happy") == mix(happy=0.8)


def test_mixture_with_strengths_spaces_and_case():
    assert Emotion.parse(" Joy : 0.7 ,SURPRISED:.3 ") == mix(happy=0.7, surprised=0.3)


def test_bare_names_share_the_default_strength():
    assert Emotion.parse("happy,sad") == mix(happy=DEFAULT_STRENGTH / 2, sad=DEFAULT_STRENGTH / 2)


@pytest.mark.parametrize("text", ["neutral", "calm", "neutral:1", "happy:0", "NEUTRAL:0.3"])
def test_neutral(text):
    emotion = Emotion.parse(text)
    assert emotion == Emotion()
    assert str(emotion) == "neutral"
    np.testing.assert_array_equal(emotion.weights(), [1, 0, 0, 0, 0, 0, 0, 0])


def test_weights_leave_the_rest_to_neutral():
    np.testing.assert_allclose(mix(happy=0.5, sad=0.2).weights(), [0.3, 0, 0, 0, 0, 0.5, 0.2, 0], atol=1e-7)


def test_strengths_of_decimals_which_add_to_a_hair_over_one_are_fine():
    assert weight(Emotion.parse("happy:0.7,sad:0.2,fear:0.1"), "neutral") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hapy", "did you mean 'happy'"),
        ("", "no emotion name"),
        ("happy,", "no emotion name"),
        (":0.5", "no emotion name"),
        ("happy:", "not a number"),
        ("happy:much", "not a number"),
        ("happy:0.5:0.5", "not a number"),
        ("happy:nan", "out of range"),
        ("happy:inf", "out of range"),
        ("happy:-0.1", "out of range"),
        ("happy:1.1", "out of range"),
        ("happy:0.7,sad:0.7", "add up to 1.4"),
        ("happy:0.2,joy:0.2", "given twice"),
        ("happy:0.2,sad", "only some"),
    ],
)
def test_bad_text(text, says):
    with pytest.raises(EmotionError, match=says) as caught:
        Emotion.parse(text)
    assert "\n" not in str(caught.value)


@given(st.text() | st.text("hapysd:,.0123456789 -enai"))
def test_garbage_raises_only_emotion_errors_of_one_short_line(text):
    try:
        timeline = Timeline.of(text)
    except EmotionError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 400
    else:
        assert len(timeline.keys) == 1


@given(emotions())
def test_text_round_trip(emotion):
    assert Emotion.parse(str(emotion)) == emotion


@given(emotions())
def test_weights_are_shares(emotion):
    weights = emotion.weights()
    assert weights.dtype == np.float32
    assert weights.shape == (8,)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-5)


@given(st.sampled_from([*NAMES, *ALIASES]), st.floats(0, 1))
def test_mix_is_the_grammar_in_python(name, strength):
    assert mix(**{name: strength}) == Emotion.parse(f"{name}:{strength!r}")


@pytest.mark.parametrize(
    "strengths", [{"happy": math.nan}, {"happy": -1}, {"happy": 2}, {"joyous_": 0.5}, {"happy": True}, {"sad": "1"}]
)
def test_mix_refuses(strengths):
    with pytest.raises(EmotionError):
        mix(**strengths)


def test_emotion_refuses_a_wrong_number_of_strengths():
    with pytest.raises(EmotionError, match="expected 7"):
        Emotion((0.5,))


# ---- the timeline


def test_an_emotion_is_fully_there_at_its_time_and_its_fade_comes_before():
    timeline = Timeline([(0.0, "neutral"), (2.5, "happy:1")], fade=0.6)
    happy = timeline.at([0, 1.9, 2.05, 2.2, 2.35, 2.5, 100])[:, NAMES.index("happy")]
    np.testing.assert_allclose(happy, [0, 0, 0.15625, 0.5, 0.84375, 1, 1], atol=1e-6)


def test_first_key_holds_before_its_time():
    np.testing.assert_array_equal(Timeline([(3.0, "sad")]).at([0.0])[0], mix(sad=0.8).weights())


def test_fade_is_shortened_between_near_keys():
    timeline = Timeline([(0.0, "happy:1"), (1.0, "sad:1"), (1.2, "fear:1")], fade=5)
    rows = timeline.at([0, 0.5, 1, 1.1, 1.2])
    happy, sad, fear = (rows[:, NAMES.index(name)] for name in ("happy", "sad", "fear"))
    np.testing.assert_allclose(happy, [1, 0.5, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(sad, [0, 0.5, 1, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(fear, [0, 0, 0, 0.5, 1], atol=1e-6)


def test_no_fade_is_a_hard_cut():
    timeline = Timeline([(0, "happy:1"), (1, "sad:1")], fade=0)
    names = [NAMES[i] for i in timeline.at([0.96, 0.9999, 1, 1.04]).argmax(1)]
    assert names == ["happy", "happy", "sad", "sad"]


@given(emotions(), st.lists(st.floats(0, 1e5), max_size=20))
def test_constant_emotion_is_a_timeline_of_one_key(emotion, times):
    rows = Timeline.of(emotion).at(times)
    np.testing.assert_array_equal(rows, np.tile(emotion.weights(), (len(times), 1)))


@given(timelines(), st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_rows_are_shares(timeline, times):
    rows = timeline.at(times)
    assert rows.shape == (len(times), 8)
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= 1).all()
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)


@given(timelines())
def test_keys_are_met_exactly(timeline):
    rows = timeline.at([time for time, _ in timeline.keys])
    np.testing.assert_allclose(rows, [emotion.weights() for _, emotion in timeline.keys], atol=1e-6)


@given(timelines(), st.floats(0, 60), st.floats(0, 0.01))
def test_no_jumps(timeline, time, step):
    gaps = np.diff([time for time, _ in timeline.keys])
    shortest = min([timeline.fade, *gaps])
    if shortest < 1e-3:
        return
    before, after = timeline.at([time, time + step])
    # The smoothstep's steepest slope is 1.5 over its length.
    assert np.abs(after - before).max() <= 1.5 * step / shortest + 1e-5


def test_speed_does_not_jump():
    times = np.arange(0, 3, 1e-3)
    happy = Timeline([(0, "neutral"), (2, "happy:1")], fade=1).at(times).astype(float)[:, NAMES.index("happy")]
    # Acceleration of a smoothstep over 1 s is at most 6 / s^2; a jump in speed would show as 1 / step.
    assert np.abs(np.diff(happy, 2)).max() < 6.1 * 1e-6 + 3e-7


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ([], "no keys"),
        ([(-1, "happy")], r"keys\[0\]: time"),
        ([(math.nan, "happy")], r"keys\[0\]: time"),
        ([(0, "happy"), (math.inf, "sad")], r"keys\[1\]: time"),
        ([(1, "happy"), (1, "sad")], r"keys\[1\]: time 1 is not after 1"),
        ([(0, "happy"), (2, "sad"), (1, "fear")], r"keys\[2\]"),
        ([(0, "happy"), (2, "sadd")], r"keys\[1\]: unknown emotion 'sadd'; did you mean 'sad'"),
        ([("0", "happy")], r"keys\[0\]: time is '0'"),
    ],
)
def test_bad_keys_are_named(keys, says):
    with pytest.raises(EmotionError, match=says):
        Timeline(keys)


@pytest.mark.parametrize("fade", [-0.1, math.nan, math.inf, "1"])
def test_bad_fade(fade):
    with pytest.raises(EmotionError, match="fade"):
        Timeline([(0, "happy")], fade=fade)


def test_of_gives_a_timeline_back():
    timeline = Timeline([(0, "happy")])
    assert Timeline.of(timeline) is timeline
    assert Timeline.of("happy") == timeline


# ---- the file


def test_read(tmp_path):
    path = tmp_path / "mood.json"
    keys = [{"time": 0, "emotion": "neutral"}, {"time": 2.5, "emotion": {"joy": 0.7, "surprised": 0.3}}]
    path.write_text(json.dumps({"fade": 0.5, "keys": keys}))
    expected = Timeline([(0, "neutral"), (2.5, mix(happy=0.7, surprised=0.3))], fade=0.5)
    assert Timeline.read(path) == Timeline.of(str(path)) == Timeline.of(path) == expected


def test_read_without_fade_and_with_byte_order_mark(tmp_path):
    path = tmp_path / "mood.json"
    path.write_text('{"keys": [{"time": 1, "emotion": "sad:0.5"}]}', encoding="utf-8-sig")
    assert Timeline.read(path) == Timeline([(1, "sad:0.5")])


def key_file(key):
    return '{"keys": [{"time": 0, "emotion": "sad"}, ' + key + "]}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"keys": [\n\n  oops]}', "not JSON: line 3"),
        ("", "not JSON: line 1"),
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
        (key_file('{"time": 1, "emotion": {"sad": 0.1, "sadness": 0.1}}'), r"keys\[1\]: 'sad' is given twice"),
        ("[" * 100_000, "nested too deep"),
        (" " * (MAX_FILE_BYTES + 1), "over 1 MB"),
    ],
)
def test_bad_file(tmp_path, text, says):
    path = tmp_path / "mood.json"
    path.write_text(text)
    with pytest.raises(EmotionError, match=says) as caught:
        Timeline.read(path)
    assert "mood.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_which_cannot_be_read(tmp_path):
    (tmp_path / "latin.json").write_bytes(b'{"keys": "\xe9"}')
    (tmp_path / "folder.json").mkdir()
    for name, says in [("none.json", "No such file"), ("folder.json", "directory"), ("latin.json", "UTF-8")]:
        with pytest.raises(EmotionError, match=says):
            Timeline.of(str(tmp_path / name))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(NAMES),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["keys", "time", "emotion", "fade", "happy", "sad"]) | st.text(max_size=3),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_gives_a_timeline_or_an_emotion_error(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "mood.json"
    path.write_text(json.dumps(value))
    try:
        assert Timeline.read(path).keys
    except EmotionError as error:
        assert "\n" not in str(error)


def test_the_documented_file_is_read(tmp_path):
    text = (ROOT / "docs/formats.md").read_text()
    path = tmp_path / "mood.json"
    path.write_text(text.split("```json")[1].split("```")[0])
    timeline = Timeline.read(path)
    assert [str(emotion) for _, emotion in timeline.keys] == ["neutral", "happy:0.7,surprised:0.3", "sad:0.5"]
    np.testing.assert_allclose(timeline.at([1.9, 2.5])[:, 0], [1, 0], atol=1e-6)


def test_the_documented_grammar_is_read():
    text = (ROOT / "docs/formats.md").read_text()
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    examples = rows[: rows.index("mood.json")]
    assert len(examples) == 5
    for example in examples:
        assert sum(Emotion.parse(example).strengths) <= 1
