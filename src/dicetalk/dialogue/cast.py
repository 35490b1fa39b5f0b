"""Who plays whom: a portrait for each speaker of a script, and where their voice comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dicetalk.dialogue.script import same
from dicetalk.emotion.feeling import short
from dicetalk.errors import InputError
from dicetalk.files import existing_file, path_of


@dataclass(frozen=True)
class Player:
    """Who plays a speaker.

    Attributes:
        name: of the speaker.
        portrait: a picture file.
        voice: a recording, a folder of them with one a line, or, for a text-to-speech command, the name of a voice; ""
            where that needs none.
    """

    name: str
    portrait: Path
    voice: str = ""


_NEXT = re.compile(r",(?=[^,=/\\]+=)")
"""Where another player may begin."""


def players_of(text: str) -> list[Player]:
    """One player or several as typed: `anna=anna.png,anna.wav,ben=ben.png,ben.wav`.

    Raises:
        InputError: as `player_of`.
    """
    parts: list[str] = []
    for part in _NEXT.split(text):
        if parts and Path(part).exists():  # the name of a file, which may hold what begins another player
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return [player_of(part) for part in parts]


def player_of(text: str) -> Player:
    """A player as typed: `anna=anna.png,anna.wav`.

    Raises:
        InputError: it is not understood, or the portrait is not there.
    """
    name, sign, rest = text.partition("=")
    if not sign or not name.strip() or not rest.strip():
        raise InputError(f"the cast is {short(text)}; expected name=portrait,voice, as in anna=anna.png,anna.wav")
    portrait, comma, voice = (rest, "", "") if Path(rest).is_file() else rest.rpartition(",")
    return Player(name.strip(), existing_file(path_of(portrait if comma else rest)), voice.strip())


def cast_of(players: Sequence[Player], speakers: Sequence[str]) -> tuple[Player, ...]:
    """Who plays each speaker, in their order.

    Raises:
        InputError: a speaker has no player or two, or a player has nothing to say.
    """
    by_name: dict[str, Player] = {}
    for player in players:
        if same(player.name) in by_name:
            raise InputError(f"{player.name} is in the cast twice; expected once")
        by_name[same(player.name)] = player
    missing = [name for name in speakers if same(name) not in by_name]
    if missing:
        raise InputError(f"nobody plays {missing[0]}; add --cast {same(missing[0]).replace(' ', '_')}=PORTRAIT,VOICE")
    silent = [player for player in players if same(player.name) not in {same(name) for name in speakers}]
    if silent:
        raise InputError(f"{silent[0].name} has no line in the script, which has {', '.join(speakers)}; leave it out")
    return tuple(by_name[same(name)] for name in speakers)
