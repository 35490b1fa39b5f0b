"""The text of `--emotion`, and what may stand for it in Python -> where the emotion comes from. Parsed here only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

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
            - `scene:backdrop.jpg`: suggested by a picture; `scene:backdrop.jpg,happy:0.7` feels happy and remarks where
              the picture suggests something else;
            - `text:script.txt`, `text:I lost my dog.`: read in what is said, a feeling a sentence, when it is said;
            - `conversation:turns.vtt#Anna`: told by the turns of a conversation, of which the driving speech is.

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


def _scene(rest: str | None) -> EmotionSource:
    from dicetalk.sources.scene import Scene

    if not rest or not rest.strip():
        raise EmotionError(f"{short('scene:')} names no picture; expected scene:PICTURE, as in scene:backdrop.jpg")
    path, asked = _beside(rest.strip())
    if os.path.isdir(path):  # noqa: PTH112 (never raises)
        raise EmotionError(
            f"{path} is a folder; make a timeline of its pictures: dicetalk feel --source scene {path} -o draft.json"
        )
    return Scene(path, None if asked is None else parse(asked))


def _beside(text: str) -> tuple[Path, str | None]:
    """A file, and the text behind a comma; one may also belong to the name of a file that is there."""
    ends = [*(place for place, letter in enumerate(text) if letter == ","), len(text)]
    there = [end for end in ends if os.path.isfile(at_home(text[:end].strip()))]  # noqa: PTH113 (never raises)
    end = there[-1] if there else ends[0]
    return at_home(text[:end].strip()), text[end + 1 :] if end < len(text) else None


def _text(rest: str | None) -> EmotionSource:
    from dicetalk.sources.text import Script

    if not (rest and rest.strip()):
        raise EmotionError('text needs what is said: --text script.txt, --text "words", or text:script.txt')
    return Script(rest.strip())


def _conversation(rest: str | None) -> EmotionSource:
    from dicetalk.sources.conversation import Conversation

    path, _, speaker = (rest or "").partition("#")
    if not path.strip():
        raise EmotionError(
            f"{short('conversation:')} names no turns; expected conversation:FILE#NAME, as in conversation:a.vtt#Anna"
        )
    return Conversation(at_home(path.strip()), speaker.strip() or None)


SCHEMES: dict[str, Callable[[str | None], EmotionSource]] = {
    "auto": _auto, "like": _like, "text": _text, "conversation": _conversation, "scene": _scene,
}  # fmt: skip
"""Sources by the word before the colon; each is given the text behind it. docs/extending.md says how to add one."""
