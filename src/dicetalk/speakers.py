"""Several people in one picture: whose face, which channel of the sound, what is felt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicetalk.errors import InputError
from dicetalk.media.channel import Channel, channel_number
from dicetalk.sources.scheme import Emotion


@dataclass(frozen=True)
class Speaker:
    """One of the people in a picture.

    Attributes:
        face: 1 is the leftmost; None the largest.
        channel: what of the sound this one says: "left", "right", a number from 1; None is all of it.
        emotion: what this one feels.
    """

    face: int | None
    channel: Channel | None = None
    emotion: Emotion = "neutral"


def speaker_of(text: str | Speaker) -> Speaker:
    """A speaker as typed: `1:left:happy`, a face, a channel and, if it is not neutral, an emotion.

    Raises:
        InputError: it is not understood.
    """
    if isinstance(text, Speaker):
        return text
    if not isinstance(text, str) or ":" not in text:
        raise InputError(f"the speaker is {str(text)[:40]!r}; expected face:channel:emotion, as in 1:left:happy")
    face, channel, *emotion = text.split(":", 2)
    if not (face.strip().isascii() and face.strip().isdigit() and face.strip("0 ")):
        raise InputError(f"the face of speaker {text[:40]!r} is {face[:20]!r}; expected a number, 1 is the leftmost")
    channel_number(channel)
    return Speaker(int(face), channel, emotion[0] if emotion and emotion[0].strip() else "neutral")


def speakers_of(texts: Sequence[str | Speaker]) -> tuple[Speaker, ...]:
    """Several speakers, as typed or not; none of them where one face speaks in the usual way.

    Raises:
        InputError: one is not understood, or a face is named twice.
    """
    if not isinstance(texts, list | tuple):
        raise InputError(f"speakers is {str(texts)[:40]!r}; expected a list, as in ['1:left:happy', '2:right:sad']")
    speakers = tuple(speaker_of(text) for text in texts)
    faces = [speaker.face for speaker in speakers]
    twice = [face for face in faces if faces.count(face) > 1]
    if twice:
        raise InputError(f"face {twice[0]} is two speakers; each has a face of its own, 1 is the leftmost")
    return speakers


def check_speakers(speakers: Sequence[Speaker], told: Mapping[str, bool], *, speech: bool, motion: bool) -> None:
    """Refuse what does not go together with several speakers.

    Args:
        speakers: none of them where one face speaks in the usual way.
        told: what else may have been asked for of the one face, and whether it was.
        speech: whether there is any.
        motion: whether a motion is given.

    Raises:
        InputError: says what to leave out, or that there is no speech.
    """
    wanted = [name for name, is_told in {**told, "motion-in": motion}.items() if is_told]
    if speakers and wanted:
        raise InputError(f"each speaker has a face, a channel and an emotion of its own; leave {wanted[0]} out")
    if speakers and not speech:
        raise InputError("there is nothing that the speakers say; give a recording with a channel for each")
