"""What may stand behind `--emotion`: parsed in one place, told wrong before any work."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.priors import save_priors
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import DiceTalkError, EmotionError, InputError
from dicetalk.sources.heard import Auto
from dicetalk.sources.like import Like
from dicetalk.sources.scheme import SCHEMES, source_of
from dicetalk.sources.source import EmotionSource
from dicetalk.sources.typed import Typed


def typed(feeling: Feeling) -> Typed:
    return Typed(Timeline([(0.0, feeling)]))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a timeline and an own emotion."""
    (tmp_path / "mood.json").write_text('{"keys": [{"time": 1, "emotion": "sad"}], "fade": 0.2}')
    space = shipped_space()
    save_priors(tmp_path / "mine.safetensors", {"tender": space.priors["happy"]}, space.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_home_is_found_inside_a_word(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(desk))
    monkeypatch.chdir("/")
    assert source_of("like:~/clip.mp4") == Like(desk / "clip.mp4")
    assert source_of("like: ~/clip.mp4") == Like(desk / "clip.mp4")
    for text in ("~/mood.json", "~/mine.safetensors:tender", "happy:0.2,~/mine.safetensors:tender:0.5"):
        assert isinstance(source_of(text), Typed)
    assert source_of("like:a~b/~c.mp4") == Like(Path("a~b/~c.mp4"))
    for text in ("like:~nobody-here/clip.mp4", "~nobody-here/mood.json", "~nobody-here/mine.safetensors"):
        with pytest.raises(InputError, match="no such home"):
            source_of(text)


@pytest.mark.parametrize(
    ("emotion", "source"),
    [
        ("happy", typed(mix(happy=0.8))),
        (" Joy:0.7, surprised:0.3 ", typed(mix(happy=0.7, surprised=0.3))),
        ("neutral", typed(Feeling())),
        (mix(sad=0.2), typed(mix(sad=0.2))),
        (Timeline([(0.0, "sad"), (1.0, "fear")]), Typed(Timeline([(0.0, "sad"), (1.0, "fear")]))),
        ("mood.json", Typed(Timeline([(1.0, "sad")], fade=0.2))),
        (Path("mood.json"), Typed(Timeline([(1.0, "sad")], fade=0.2))),
        ("auto", Auto()),
        (" auto ", Auto()),
        ("Auto", Auto()),
        ("auto:3", Auto(3.0)),
        ("auto: 2.5", Auto(2.5)),
        ("auto:1", Auto(1.0)),
        ("auto:600", Auto(600.0)),
        ("like:clip.mp4", Like(Path("clip.mp4"))),
        (" like:a folder/c:d.wav ", Like(Path("a folder/c:d.wav"))),
        ("like:mood.json", Like(Path("mood.json"))),
        ("like:mine.safetensors", Like(Path("mine.safetensors"))),
    ],
)
@pytest.mark.usefixtures("desk")
def test_what_may_be_asked_for(emotion: str | Path | Feeling | Timeline, source: EmotionSource) -> None:
    assert source_of(emotion) == source


@pytest.mark.parametrize(
    "emotion", ["mine.safetensors:tender:0.5,sad:0.2", "mine.safetensors", Path("mine.safetensors")]
)
@pytest.mark.usefixtures("desk")
def test_own_emotions(emotion: str | Path) -> None:
    source = source_of(emotion)
    assert isinstance(source, Typed)
    ((_, feeling),) = source.timeline.keys
    assert feeling.space is shipped_space() and feeling.strengths["happy"] > 0.2 and "tender of" in feeling.why


@pytest.mark.parametrize(
    ("emotion", "says"),
    [
        ("auto:0", "auto:0 is not understood; expected auto, or auto:SECONDS with 1 to 600 seconds, as in auto:3"),
        ("auto:0.9", "auto:0.9 is not understood"),
        ("auto:601", "auto:601 is not understood"),
        ("auto:-1", "auto:-1 is not understood"),
        ("auto:nan", "auto:nan is not understood"),
        ("auto:inf", "auto:inf is not understood"),
        ("auto:x", "auto:x is not understood"),
        ("auto:", "auto: is not understood"),
        ("auto:2:3", "auto:2:3 is not understood"),
        ("like", "names no recording; expected like:FILE, as in like:clip.mp4"),
        ("like:", "names no recording"),
        ("like: ", "names no recording"),
        ("", "no emotion name"),
        ("hapy", "unknown emotion 'hapy'; did you mean 'happy'?"),
        ("words:script.txt", "strength 'script.txt' of 'words' is not a number"),
        ("autos", "unknown emotion 'autos'"),
        ("none.json", "timeline 'none.json': none.json cannot be opened"),
        ("mine.safetensors:tendr", "holds no emotion 'tendr'; there are: tender"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_what_is_not_understood(emotion: str, says: str) -> None:
    with pytest.raises(EmotionError) as caught:
        source_of(emotion)
    assert says in str(caught.value) and "\n" not in str(caught.value)


@given(st.text() | st.text("automlike:,.0123456789 -nf"))
def test_garbage_raises_only_errors_of_one_short_line(text: str) -> None:
    try:
        source = source_of(text)
    except DiceTalkError as error:
        assert "\n" not in str(error) and len(str(error)) < 400
        assert isinstance(error, InputError)
    else:
        assert isinstance(source, Typed | Auto | Like)


@pytest.mark.usefixtures("desk")
def test_files_that_a_source_reads() -> None:
    assert source_of(" Like:a/clip.mp4 ").files == source_of(Path("like:a/clip.mp4")).files == (Path("a/clip.mp4"),)
    assert all(source_of(emotion).files == () for emotion in ("AUTO", "auto:3", "happy", "mood.json", mix(sad=0.1)))


def test_a_scheme_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row is all it takes."""
    monkeypatch.setitem(SCHEMES, "shout", lambda rest: typed(mix(angry=float(rest or 1))))
    assert source_of("shout:0.5") == typed(mix(angry=0.5)) and source_of("shout") == typed(mix(angry=1.0))
