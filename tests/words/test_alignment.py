"""Known words, found in what is heard."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.errors import InputError
from dicetalk.speech.broad import PHONES, SILENCE
from dicetalk.words.alignment import FITS, align
from dicetalk.words.letters import choices

WORDS = ["The", "boat", "came", "back", "before", "the", "storm"]


def heard(words: list[str], each: int = 7, pause: int = 20) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Rows (hops, 24) of words as their letters say, with pauses around, and when each is said [s]."""
    rows, times = [np.eye(len(PHONES))[[SILENCE] * pause]], []
    for word in words:
        start = sum(map(len, rows))
        for choice in choices(word):
            share = np.zeros(len(PHONES))
            share[list(choice)[:1]] = 1
            rows.append(np.tile(share, (each, 1)))
        times.append((start / 100, sum(map(len, rows)) / 100))
    rows.append(np.eye(len(PHONES))[[SILENCE] * pause])
    return np.concatenate(rows).astype(np.float32), times


def test_words_are_found_where_they_are_said() -> None:
    rows, times = heard(WORDS)
    spoken = align(WORDS, rows)
    assert np.abs(np.array(spoken.times) - np.array(times)).max() <= 0.02
    assert spoken.fit > FITS


def test_a_word_that_is_not_said_does_not_move_the_others() -> None:
    rows, times = heard(WORDS)
    more = [*WORDS[:3], "well", *WORDS[3:]]
    found = align(more, rows).times
    others = [pair for word, pair in zip(more, found, strict=True) if word != "well"]
    assert np.median(np.abs(np.array(others) - np.array(times))) <= 0.02


def test_words_never_overlap_and_stay_in_the_clip() -> None:
    draws = np.random.default_rng(0)
    rows = draws.dirichlet(np.full(len(PHONES), 0.2), 300).astype(np.float32)
    found = np.array(align(WORDS, rows).times).ravel()
    assert (np.diff(found) >= 0).all()
    assert found[0] >= 0
    assert found[-1] <= 3.0


def test_another_text_does_not_fit() -> None:
    rows, _ = heard(["zigzag", "suspicious", "sixteen", "session", "sushi"] * 2)
    assert align(["mammoth", "popped", "bamboo", "map", "mob", "poem", "maple"], rows).fit < FITS


def test_long_clips_are_searched_near_an_even_pace() -> None:
    words = [WORDS[number % len(WORDS)] for number in range(700)]
    rows, times = heard(words)
    assert np.abs(np.array(align(words, rows).times) - np.array(times)).max() <= 0.1


def test_too_many_words_for_a_clip() -> None:
    with pytest.raises(InputError, match=r"7 words cannot be said in 0\.1 s"):
        align(WORDS, np.full((10, len(PHONES)), 1 / len(PHONES), np.float32))


def test_signs_of_no_known_script_are_any_phone() -> None:
    rows, _ = heard(["boat"])
    assert len(align(["𓀀", "boat"], rows).times) == 2
