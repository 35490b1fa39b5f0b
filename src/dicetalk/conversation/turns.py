"""Who speaks when, as a file tells it, and what is said: read, held against the recording, cut out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dicetalk.conversation.channels import channel_moments, samples
from dicetalk.conversation.rttm import rttm_turns
from dicetalk.conversation.table import table_turns
from dicetalk.conversation.turn import Turn
from dicetalk.conversation.webvtt import webvtt_turns
from dicetalk.emotion.moments import Moment
from dicetalk.errors import InputError
from dicetalk.files import existing_file
from dicetalk.media import Sound, Waveform, read_sound
from dicetalk.words.reading import read_text

MOST_BYTES = 4_000_000
"""Of a file of turns."""
MOST_TURNS = 5000
SLACK = 0.5
"""How far a turn may reach beyond the recording's end [s]: programs round."""
TOUCH = 0.02
"""How far turns may overlap that only touch [s]."""

FORMATS: dict[str, Callable[[str], list[Turn]]] = {".rttm": rttm_turns, ".vtt": webvtt_turns, ".csv": table_turns}
"""Files of turns, by suffix."""
TOGETHER = ".rttm"
"""The format in which people may speak at the same time."""


def read_moments(path: Path, sound: Path | None = None) -> tuple[list[Moment], tuple[str, ...]]:
    """The turns of a conversation in the order of time, each with its sound where there is one; and warnings.

    Args:
        path: a file of turns (RTTM, WebVTT with names, CSV), or a recording with a channel for each speaker.
        sound: the recording of which a file of turns tells; None where there is none.

    Raises:
        InputError: a file is not understood, or does not go with the recording.
        MediaError: one cannot be read.
    """
    if path.suffix.lower() not in FORMATS:
        if sound is not None:
            raise InputError(f"{path} is no file of turns; with --sound expected one that ends in {', '.join(FORMATS)}")
        return channel_moments(path), ()
    turns = read_turns(path)
    if sound is None:
        return _moments(turns), ()
    heard = read_sound(sound)
    return _cut(path, turns, heard), heard.warnings


def read_turns(path: Path) -> list[Turn]:
    """The turns that a file tells, in the order of time.

    Raises:
        InputError: it is not understood, or turns overlap that cannot.
        MediaError: it cannot be read.
    """
    text = read_text(existing_file(path, MOST_BYTES))
    try:
        turns = FORMATS[path.suffix.lower()](text)
        if not 0 < len(turns) <= MOST_TURNS:
            raise InputError(f"it holds {len(turns) or 'no'} turns; expected 1 to {MOST_TURNS}")
        turns = sorted(turns, key=lambda turn: turn.start)
        _check_apart(turns, path.suffix.lower() == TOGETHER)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return _apart(turns)


def _check_apart(turns: Sequence[Turn], together: bool) -> None:
    """Refuse turns that overlap: of one speaker always, of several unless they may speak together.

    Raises:
        InputError: tells both.
    """
    reach: dict[str, Turn] = {}
    for turn in turns:
        before = [reach[turn.speaker]] if turn.speaker in reach else []
        for other in before if together else reach.values():
            if other.end > turn.start + TOUCH:
                raise InputError(
                    f"line {turn.line.number}: {turn.speaker} starts at {turn.start:g} s, before the turn of "
                    f"{other.speaker} in line {other.line.number} ends, at {other.end:g} s; mend the times"
                )
        reach[turn.speaker] = turn


def _apart(turns: Sequence[Turn]) -> list[Turn]:
    """Turns whose ends are cut where the same speaker's next one begins: they may touch by a little."""
    found = []
    for place, turn in enumerate(turns):
        after = next((other for other in turns[place + 1 : place + 50] if other.speaker == turn.speaker), None)
        end = turn.end if after is None else min(turn.end, max(after.start, turn.start + TOUCH / 4))
        found.append(replace(turn, end=end))
    return found


def with_sound(moments: Sequence[Moment], waveform: Waveform) -> list[Moment]:
    """Moments with what is heard in them, as far as the sound (N,), int16 at 16 kHz, goes."""
    return [
        moment if moment.sound is not None else replace(moment, sound=_stretch(waveform, moment)) for moment in moments
    ]


def _cut(path: Path, turns: Sequence[Turn], sound: Sound) -> list[Moment]:
    last = max(turns, key=lambda turn: turn.end)
    if last.end > sound.seconds + SLACK:
        raise InputError(
            f"{path}: line {last.line.number}: a turn ends at {last.end:g} s, and {sound.path} lasts "
            f"{sound.seconds:.1f} s; give the recording that the turns were told of"
        )
    return with_sound(_moments(turns), sound.waveform)


def _moments(turns: Sequence[Turn]) -> list[Moment]:
    return [Moment(turn.start, turn.end, turn.speaker, turn.text) for turn in turns]


def _stretch(waveform: Waveform, moment: Moment) -> Waveform | None:
    part = waveform[samples(moment.start) : samples(moment.end)]
    return part if len(part) else None
