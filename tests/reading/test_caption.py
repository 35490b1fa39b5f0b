"""A reading in one sentence."""

from __future__ import annotations

from dicetalk.reading.caption import caption
from dicetalk.reading.reading import Reading, Window


def reading(confidence: float) -> Reading:
    return Reading(2.0, (Window(0.0, 2.0, (0.1, 0.9, 0, 0, 0, 0, 0, 0), 0.7, 0.9, confidence),))


def test_what_is_sure_is_named() -> None:
    assert "angry" in caption(reading(0.9))


def test_what_is_not_sure_is_not_named() -> None:
    assert "angry" not in caption(reading(0.3))
