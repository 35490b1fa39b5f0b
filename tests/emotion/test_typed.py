"""The grammar of one moment's emotion: names, mixtures, own emotions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling, mix
from dicetalk.emotion.priors import Prior, save_priors
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.typed import parse
from dicetalk.errors import EmotionError


def test_a_bare_name_has_the_default_strength() -> None:
    assert parse("happy") == mix(happy=0.8)


def test_strengths_spaces_and_case() -> None:
    assert parse(" Joy : 0.7 ,SURPRISED:.3 ") == mix(happy=0.7, surprised=0.3)


def test_bare_names_share_the_default_strength() -> None:
    assert parse("happy,sad") == mix(happy=DEFAULT_STRENGTH / 2, sad=DEFAULT_STRENGTH / 2)


@pytest.mark.parametrize("text", ["neutral", "calm", "neutral:1", "happy:0", "NEUTRAL:0.3", "happy:-0.0"])
def test_neutral(text: str) -> None:
    feeling = parse(text)
    assert feeling == Feeling() and str(feeling) == "neutral"
    np.testing.assert_array_equal(feeling.mixture(), [1, 0, 0, 0, 0, 0, 0, 0])


def test_decimals_which_add_to_a_hair_over_one_are_fine() -> None:
    assert parse("happy:0.7,sad:0.2,fear:0.1").mixture()[0] == 0


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
        ("mine.safetensors:tender:0.2,sad", "only some"),
        ("mine.safetensors:tender:2", "out of range"),
        ("mine.safetensors:tender:much", "not a number"),
        ("mine.safetensors:nan:nan", "out of range"),
        ("mine.safetensors:", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors::0.5", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors:a:0.5:b", "FILE.safetensors:NAME:STRENGTH"),
        ("mine.safetensors:0.5:0.5", "begins with a letter"),
        ("a" * 300 + ",b.safetensors", "unknown emotion"),
    ],
)
def test_what_is_not_understood(text: str, says: str, mine: Path) -> None:
    with pytest.raises(EmotionError, match=says) as caught:
        parse(text, mine.parent)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@given(st.text() | st.text("hapysd:,.0123456789 -enai"))
def test_garbage_raises_only_errors_of_one_short_line(text: str) -> None:
    try:
        feeling = parse(text)
    except EmotionError as error:
        assert "\n" not in str(error) and len(str(error)) < 400
    else:
        assert isinstance(feeling, Feeling)


def test_the_documented_grammar_is_read() -> None:
    text = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    examples = rows[: rows.index("mood.json")]
    assert len(examples) == 5
    for example in examples:
        assert sum(parse(example).strengths.values()) <= 1


# ---- own emotions in it


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two own emotions, which are the stored angry and happy."""
    path = tmp_path_factory.mktemp("own") / "mine.safetensors"
    space = shipped_space()
    save_priors(path, {"tender": space.priors["happy"], "cross": space.priors["angry"]}, space.name)
    return path


def offset(feeling: Feeling) -> np.ndarray:
    assert feeling.prior is not None and feeling.space is shipped_space()
    return feeling.prior.mean - shipped_space().priors["neutral"].mean


def test_the_strength_scales_the_prior_and_the_names(mine: Path) -> None:
    whole = parse(f"{mine}:cross:1")
    assert max(whole.strengths, key=whole.strengths.__getitem__) == "angry"
    np.testing.assert_allclose(
        offset(whole), shipped_space().priors["angry"].mean - shipped_space().priors["neutral"].mean, atol=1e-5
    )
    for text, strength in ((f"{mine}:cross:0.25", 0.25), (f"{mine}:cross", DEFAULT_STRENGTH), (f"{mine}:cross:0", 0.0)):
        feeling = parse(text)
        np.testing.assert_allclose(offset(feeling), strength * offset(whole), atol=1e-5)
        expected = {name: strength * value for name, value in whole.strengths.items() if strength}
        assert feeling.strengths == pytest.approx(expected)
        assert feeling.confidence == whole.confidence < 1
        assert feeling.why == whole.why and "cross of mine.safetensors resembles angry" in feeling.why


def test_one_is_mixed_with_names_and_others(mine: Path) -> None:
    angry, happy, sad = (shipped_space().priors[name].mean for name in ("angry", "happy", "sad"))
    neutral = shipped_space().priors["neutral"].mean
    mixed = parse(f"{mine}:cross:0.5, sad:0.25")
    np.testing.assert_allclose(offset(mixed), 0.5 * (angry - neutral) + 0.25 * (sad - neutral), atol=1e-5)
    assert mixed.strengths["sad"] >= 0.25 and 0.25 < mixed.strengths["angry"] <= 0.5
    both = parse(f"{mine}:cross,{mine}:tender")
    np.testing.assert_allclose(offset(both), 0.4 * (angry - neutral) + 0.4 * (happy - neutral), atol=1e-5)
    assert "cross of" in both.why and "tender of" in both.why


def test_files_are_looked_for_in_a_folder_and_by_their_whole_path(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = parse("mine.safetensors:cross", mine.parent)
    assert beside.strengths == parse(f"{mine}:cross", Path("elsewhere")).strengths
    monkeypatch.chdir(mine.parent)
    assert parse("mine.safetensors:cross").strengths == beside.strengths


def test_a_comma_in_the_name_of_a_file_is_the_files(tmp_path: Path) -> None:
    save_priors(tmp_path / "a,b.safetensors", {"tender": shipped_space().priors["happy"]}, shipped_space().name)
    for text, folder in (
        (f"{tmp_path / 'a,b.safetensors'}:tender:0.5", Path()),
        ("a,b.safetensors:tender:0.5", tmp_path),
    ):
        assert "happy" in parse(text, folder).strengths


def test_one_of_another_embedder_is_refused(tmp_path: Path) -> None:
    save_priors(tmp_path / "a.safetensors", {"tender": shipped_space().priors["happy"]}, "0123456789abcdef")
    with pytest.raises(EmotionError, match=r"another embedder \('0123456789abcdef', not"):
        parse("a.safetensors:tender", tmp_path)


def test_one_without_a_direction_is_still_a_feeling(tmp_path: Path) -> None:
    nothing = Prior(np.zeros(256, np.float32), np.zeros(256, np.float32))
    save_priors(tmp_path / "a.safetensors", {"blank": nothing})
    assert parse("a.safetensors:blank", tmp_path).prior is not None


def test_what_is_given_twice_is_refused_beside_an_own_emotion_too(tmp_path: Path) -> None:
    save_priors(tmp_path / "mine.safetensors", {"tender": shipped_space().priors["happy"]}, shipped_space().name)
    own = f"{tmp_path / 'mine.safetensors'}:tender:0.2"
    for text in (f"happy:0.2,joy:0.3,{own}", f"{own},{own}"):
        with pytest.raises(EmotionError, match="given twice"):
            parse(text)
