"""Speakers as they are typed."""

from __future__ import annotations

from typing import Any

import pytest

from dicetalk.errors import InputError
from dicetalk.speakers import Speaker, check_speakers, speaker_of, speakers_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1:left:happy", Speaker(1, "left", "happy")),
        ("2:right:sad:0.5,fear:0.2", Speaker(2, "right", "sad:0.5,fear:0.2")),
        ("3:3", Speaker(3, "3", "neutral")),
        ("1:left:like:a b.mp4", Speaker(1, "left", "like:a b.mp4")),
        (Speaker(1), Speaker(1)),
    ],
)
def test_a_speaker(text: str | Speaker, found: Speaker) -> None:
    assert speaker_of(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("happy", "expected face:channel:emotion, as in 1:left:happy"),
        ("", "expected face:channel:emotion"),
        (5, "expected face:channel:emotion"),
        ("left:1:happy", "the face of speaker 'left:1:happy' is 'left'"),
        ("1:middle:happy", "the channel is 'middle'; use left, right or a number"),
        ("1::happy", "the channel is ''"),
    ],
)
def test_what_is_no_speaker(text: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        speaker_of(text)


def test_each_face_speaks_once() -> None:
    with pytest.raises(InputError, match="face 1 is two speakers"):
        speakers_of(["1:left", "1:right"])
    with pytest.raises(InputError, match="expected a list"):
        speakers_of("1:left:happy")
    assert speakers_of([]) == ()


@pytest.mark.parametrize(
    ("told", "speech", "motion", "says"),
    [
        ({"face": True}, True, False, "leave face out"),
        ({"face": False, "crop": True}, True, False, "leave crop out"),
        ({}, True, True, "leave motion-in out"),
        ({}, False, False, "there is nothing that the speakers say"),
    ],
)
def test_what_does_not_go_together(told: dict[str, bool], speech: bool, motion: bool, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_speakers(speakers_of(["1:left"]), told, speech=speech, motion=motion)
    check_speakers((), told, speech=speech, motion=motion)
