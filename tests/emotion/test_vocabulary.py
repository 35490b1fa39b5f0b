"""The eight names, their aliases, and what is said of a word that is none of them."""

from __future__ import annotations

import pytest

from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE, resolve
from dicetalk.errors import EmotionError


def test_names_are_meads_and_stand_for_themselves() -> None:
    assert NAMES == ("neutral", "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")
    assert [resolve(name) for name in NAMES] == list(NAMES)


def test_every_alias_leads_to_a_name() -> None:
    assert {resolve(alias) for alias in ALIASES} == set(NAMES)
    assert not set(ALIASES) & set(NAMES)


def test_case_and_spaces_do_not_matter() -> None:
    assert resolve("  Joy ") == "happy"


def test_unknown_name_suggests_the_nearest_and_lists_all() -> None:
    with pytest.raises(EmotionError, match="did you mean 'happy'") as caught:
        resolve("hapy")
    assert all(name in str(caught.value) for name in NAMES)


def test_a_name_far_from_all_gets_no_suggestion() -> None:
    with pytest.raises(EmotionError) as caught:
        resolve("xyzzy" * 1000)
    assert "did you mean" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_valence_and_arousal_are_in_range_and_on_the_expected_side() -> None:
    assert set(VALENCE) == set(AROUSAL) == set(NAMES)
    assert all(-1 <= v <= 1 for v in (*VALENCE.values(), *AROUSAL.values()))
    assert VALENCE["neutral"] == AROUSAL["neutral"] == 0
    assert max(VALENCE, key=VALENCE.__getitem__) == "happy"
    assert min(AROUSAL, key=AROUSAL.__getitem__) == "sad"
