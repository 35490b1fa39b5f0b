"""One piece of advice: what the face alone would be taken for, and which strength would change that."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.advice import advice, audiences, strength_read
from dicetalk.reading.audience import shipped_audience
from dicetalk.reading.reading import Reading, Window, Windows


def row(strength: float = 0.5, **shares: float) -> Windows:
    weights = np.array([shares.get(name, 0.0) for name in NAMES])
    weights[0] += 1 - weights.sum()
    return (Window(0.0, 2.0, tuple(weights.tolist()), strength, 0.5, 0.7),)


def test_a_face_that_is_read_needs_no_advice() -> None:
    happy = row(0.9, happy=0.9)
    assert advice(Reading(2.0, happy, face=happy, voice=happy)) == ""


def test_a_face_that_says_too_little_is_told_how_much_is_enough() -> None:
    angry, calm = row(0.4, angry=0.8), row(0.1)
    said = advice(Reading(2.0, angry, face=calm, voice=angry))
    enough = strength_read("angry", 0.4, shipped_audience())
    assert enough is not None and 0.4 < enough <= 1
    assert said == f"with the sound off this reads as neutral, not angry: raise the strength to {enough:g}".replace(
        "0.", "."
    )
    votes = shipped_audience().votes(np.eye(8)[NAMES.index("angry")], enough, "face")
    assert votes is not None and votes.name == "angry"


def test_what_was_asked_for_counts_before_what_is_shown() -> None:
    calm = row(0.1)
    said = advice(Reading(2.0, calm, face=calm, asked=Timeline([(0.0, "fear:0.3")])))
    assert said.startswith("with the sound off this reads as neutral, not fear: raise the strength to .")
    assert advice(Reading(2.0, calm, face=calm, asked=Timeline([(0.0, "neutral")]))) == ""
    changing = Timeline([(0.0, "fear:0.3"), (1.0, "sad:0.3")])
    assert advice(Reading(2.0, calm, face=calm, asked=changing)) == ""


def test_where_no_strength_helps_it_says_so() -> None:
    calm = row(0.1)
    said = advice(Reading(2.0, calm, face=calm, asked=Timeline([(0.0, "angry:1")])))
    assert said.endswith("and no strength would change that: let the words or the voice tell it")


@pytest.mark.parametrize("asked", ["surprised", "contempt:1"])
def test_of_what_no_audience_was_asked_it_is_silent(asked: str) -> None:
    assert advice(Reading(2.0, row(), face=row(), asked=Timeline([(0.0, asked)]))) == ""


def test_without_a_face_it_is_silent() -> None:
    assert advice(Reading(2.0, row(), voice=row())) == ""


def test_each_channel_that_was_read_has_its_votes() -> None:
    happy = row(0.9, happy=0.9)
    assert list(audiences(Reading(2.0, happy, face=happy, voice=happy))) == ["voice", "face", "both"]
    assert list(audiences(Reading(2.0, happy, face=happy))) == ["face"]
    assert list(audiences(Reading(2.0, happy, voice=happy))) == ["voice"]
    surprised = row(0.9, surprised=0.9)
    assert audiences(Reading(2.0, surprised, face=surprised)) == {}
