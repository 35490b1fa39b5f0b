"""Emotions as deviations from the speaker's own neutral speech."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.deviation import UNHEARD, Delivered, Scores, fit_scores

WIDTH = 12
HIGH, FLAT, PLACE = 0, 1, 2
"""Statistics: two that feeling moves, and one that tells where a clip was recorded."""


def clips(rng: np.random.Generator, place: float, high: float = 0.0, flat: float = 0.0, count: int = 20) -> Float64:
    """(count, 1, WIDTH) clips of one speaker."""
    found = rng.normal(size=(count, 1, WIDTH))
    found[..., PLACE] += place
    found[..., HIGH] += high
    found[..., FLAT] += flat
    return found


def learned() -> Scores:
    """Four actors in one studio; a dozen people elsewhere who only speak plainly. Of emotion 3 there is nothing."""
    rng, parts = np.random.default_rng(0), []
    for who in range(4):
        where = 10 + rng.normal()
        felt = ((0, 0.0, 0.0), (1, 4.0, 0.0), (2, 0.0, 4.0))
        parts += [(clips(rng, where, high, flat), emotion, who) for emotion, high, flat in felt]
    parts += [(clips(rng, rng.normal() * 5), 0, who) for who in range(4, 16)]
    statistics = np.concatenate([rows for rows, _, _ in parts])
    emotions = np.repeat([emotion for _, emotion, _ in parts], 20)
    people = np.repeat([who for _, _, who in parts], 20)
    return fit_scores(Delivered(statistics, emotions, people), 4, others=1.0, usual=0.5)


def told(scores: Scores, rows: Float64) -> Float64:
    """Shares (K,) of how often each emotion is the likeliest."""
    odds = (rows[:, 0] - scores.mean) / scores.scale @ scores.weight.T + scores.offset
    return np.bincount(odds.argmax(1), minlength=4) / len(rows)


def test_feeling_is_heard_where_only_plain_speech_was_learned_from() -> None:
    scores, rng = learned(), np.random.default_rng(1)
    for place in (10.0, 0.0, -6.0):
        assert told(scores, clips(rng, place, high=4.0, count=200))[1] > 0.85
        assert told(scores, clips(rng, place, flat=4.0, count=200))[2] > 0.85
        assert told(scores, clips(rng, place, count=200))[0] > 0.85


def test_the_place_tells_nothing() -> None:
    weight = np.abs(learned().weight)
    assert weight[1:3, PLACE].max() < 0.1 * weight[1:3, :PLACE].max()


def test_what_nobody_showed_is_not_heard() -> None:
    scores = learned()
    assert scores.offset[3] == UNHEARD and not scores.weight[3].any()
    assert scores.offset[0] == 0.5 and not scores.weight[0].any()
