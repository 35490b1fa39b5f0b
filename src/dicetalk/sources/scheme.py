"""The text of `--emotion`, and what may stand for it in Python -> where the emotion comes from. Parsed here only."""

from __future__ import annotations

import os
from collections.abc import Callable

from dicetalk.checks import short as shortly
from dicetalk.emotion.feeling import Feeling, short
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.timeline_file import timeline_of
from dicetalk.emotion.typed import parse
from dicetalk.errors import EmotionError
from dicetalk.files import at_home
from dicetalk.sources.source import EmotionSource
from dicetalk.sources.typed import Typed

SHORTEST_STEP, LONGEST_STEP = 1.0, 600.0
"""Of `auto:SECONDS` [s]."""

Emotion = str | os.PathLike[str] | Feeling | Timeline
"""What may be asked for."""


def source_of(emotion: Emotion) -> EmotionSource:
    """Where an emotion comes from; typing errors are told here, before any work.

    Args:
        emotion: a `Timeline` or a `Feeling`; or text:

            - `happy`, `happy:0.7,surprised:0.3`, `mine.safetensors:tender:0.5`, or a mixture of them (`typed.parse`);
            - `mood.json`: a timeline file; or what such a file holds, from its first brace on;
            - `auto`, `auto:3`: heard in the driving speech, one mood for all of it or one every 3 s;
            - `like:clip.mp4`: heard and seen in another recording, or seen in a photo;
            - `text:script.txt`, `text:I lost my dog.`: read in what is said, a feeling a sentence, when it is said.

    Raises:
        EmotionError: it cannot be understood.
        CheckpointError: a file of own emotions is damaged.
    """
    if isinstance(emotion, Timeline):
        return Typed(emotion)
    if isinstance(emotion, Feeling):
        return Typed(Timeline([(0.0, emotion)]))
    if not isinstance(emotion, str | os.PathLike) or not isinstance(given := os.fspath(emotion), str):
        raise EmotionError(
            f"the emotion is {shortly(emotion)}; expected text such as 'happy:0.7', a Feeling or a Timeline"
        )
    text = given.strip()
    if text.startswith("{"):
        return Typed(timeline_of(text))
    scheme, colon, rest = text.partition(":")
    if scheme.lower() in SCHEMES:
        return SCHEMES[scheme.lower()](rest if colon else None)
    if text.lower().endswith(".json"):
        return Typed(Timeline.read(at_home(text)))
    return Typed(Timeline([(0.0, parse(text))]))


def _auto(rest: str | None) -> EmotionSource:
    from dicetalk.sources.heard import Auto

    return Auto(None if rest is None else _step(rest))


def _step(text: str) -> float:
    try:
        step = float(text)
    except ValueError:
        step = 0.0
    if not SHORTEST_STEP <= step <= LONGEST_STEP:
        raise EmotionError(
            f"auto:{text[:20]} is not understood; expected auto, or auto:SECONDS with {SHORTEST_STEP:g} to "
            f"{LONGEST_STEP:g} seconds, as in auto:3"
        )
    return step


def _like(rest: str | None) -> EmotionSource:
    from dicetalk.sources.like import Like

    if not rest:
        raise EmotionError(f"{short('like:')} names no recording; expected like:FILE, as in like:clip.mp4")
    return Like(at_home(rest.strip()))


def _text(rest: str | None) -> EmotionSource:
    from dicetalk.sources.text import Script

    if not (rest and rest.strip()):
        raise EmotionError('text needs what is said: --text script.txt, --text "words", or text:script.txt')
    return Script(rest.strip())


SCHEMES: dict[str, Callable[[str | None], EmotionSource]] = {"auto": _auto, "like": _like, "text": _text}
"""Sources by the word before the colon; each is given the text behind it. docs/extending.md says how to add one."""
