"""`text`: what is felt in what is said, sentence by sentence, read in the words alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dicetalk.emotion.course import Course, told
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.fine import COARSE, FINE
from dicetalk.emotion.moments import Moment, draw_up
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import EmotionError, InputError, require
from dicetalk.files import at_home
from dicetalk.words.encoder import FEW_KNOWN, Encoder, Reading, shipped_encoder
from dicetalk.words.reading import names_text, read_words
from dicetalk.words.script import ScriptLine, script_lines
from dicetalk.words.sentences import words

if TYPE_CHECKING:
    from dicetalk.speech import Hearing
    from dicetalk.words.alignment import Spoken

FOREIGN = "the text is hardly English, on which the feelings were learned: see how sure each line is"
UNHEARD = "the text hardly fits what is said; when its words are said is a guess"
SHORTEST = 0.05
"""Of a line [s]."""
WORDS_A_SECOND = 2.6
PAUSE = 0.35
"""Of a sentence that nobody has spoken yet: its pace, and the pause behind it [s]."""
MOST_TOLD = 3
"""Words that a reason names."""
DIGITS = 4


@dataclass(frozen=True)
class Text:
    """Feels what the words of each moment say.

    Attributes:
        encoder: what reads them.
    """

    encoder: Encoder = field(default_factory=shipped_encoder)

    def feel_each(self, moments: Sequence[Moment]) -> list[Feeling]:
        """One feeling a moment; neutral, and not sure of it, where nothing is said."""
        readings = self.encoder.read([moment.text for moment in moments])
        return [feeling_of(reading) for reading in readings]


def feeling_of(reading: Reading) -> Feeling:
    """A reading as a feeling: how sure it is of the name of most weight, and the words that spoke for it.

    A plain line has no intensity, whatever else it might be.
    """
    if not any(word[0].isalpha() for word in reading.words):
        return Feeling(intensity=0.0, confidence=0.0, why="no word is said: neutral")
    if reading.known < FEW_KNOWN:
        return Feeling(intensity=0.0, confidence=0.0, why=f"{_foreign(reading)}: neutral")
    is_plain = reading.weights.argmax() == NAMES.index(NEUTRAL)
    return Feeling(tuple(reading.weights.tolist()), 0.0 if is_plain else reading.strength, reading.sure, _why(reading))


def _foreign(reading: Reading) -> str:
    count = sum(word[0].isalpha() for word in reading.words)
    return f"trained on English, and knows {round(reading.known * count)} of {count} words"


def _why(reading: Reading) -> str:
    """`'lost', 'dog': devastated 0.61`, or what was found plain."""
    order = [place for place in np.argsort(-reading.moved) if reading.moved[place] > 0]
    chosen = [place for place in order if reading.words[place][0].isalpha()][:MOST_TOLD]
    named = ", ".join(dict.fromkeys(f"'{reading.words[place]}'" for place in sorted(chosen)))
    top = NAMES[int(reading.weights.argmax())]
    if top == NEUTRAL:
        return f"{named or 'nothing'}: plain, {reading.sure:.2f}"
    best = FINE[int(reading.fine.argmax())]
    finer = f"{best}, " if COARSE[best] == top != best else ""
    return f"{named or 'all of it'}: {finer}{top} {reading.weights.max():.2f}"


@dataclass(frozen=True)
class Script:
    """Feels, sentence by sentence, what is said: known words, found in the speech.

    Attributes:
        given: a text file by its name, which ends in .txt or .md, or the words themselves.
        listens: to all of the speech, to find the words in it.
    """

    given: str
    listens: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """The text file."""
        return (at_home(self.given),) if names_text(self.given) else ()

    def feel(self, speech: Hearing) -> Timeline:
        """A feeling a sentence, from where it begins; a label that stands before one is felt as typed.

        Raises:
            EmotionError: there is no speech.
            InputError: the text is none, says nothing, or is too long for the speech.
            MediaError: the text cannot be read.
        """
        if not len(speech):
            raise EmotionError("the emotion is read in the text of some speech, and there is none; name an emotion")
        lines = self.lines()
        _, spoken = _found(lines, speech)
        moments = _moments(lines, spoken)
        readings = shipped_encoder().read([line.text for line in lines])
        drawn = draw_up(moments, _felt(lines, readings))
        return Timeline(drawn.keys, drawn.fade, warnings=_doubts(readings, spoken))

    def spoken(self, speech: Hearing) -> tuple[list[str], Spoken]:
        """The words that are said, and when.

        Raises:
            InputError, MediaError: as `feel`.
        """
        return _found(self.lines(), speech)

    def lines(self) -> list[ScriptLine]:
        """The sentences that are said, one at least.

        Raises:
            InputError: the text is none, or says nothing.
            MediaError: it cannot be read.
        """
        lines = script_lines(read_words(str(self.files[0])) if self.files else self.given)
        if not lines:
            raise InputError("the text holds no words; give what is said in the speech")
        return lines


def _found(lines: Sequence[ScriptLine], speech: Hearing) -> tuple[list[str], Spoken]:
    from dicetalk.words.alignment import align  # with numba, which whoever only reads need not wait for

    found = [[word.text for word in words(line.text)] for line in lines]
    said = [word for line in found for word in line]
    ends = np.cumsum([len(line) for line in found]) - 1
    return said, align(said, speech.whole().phones, ends.tolist())


def _felt(lines: Sequence[ScriptLine], readings: Sequence[Reading]) -> list[Feeling]:
    """What is typed, else what is read."""
    return [
        feeling_of(reading) if line.label is None else replace(parse(line.label), why=f"typed: {line.label}")
        for line, reading in zip(lines, readings, strict=True)
    ]


def _moments(lines: Sequence[ScriptLine], spoken: Spoken) -> list[Moment]:
    """When each line is said."""
    moments, first, last = [], 0, 0.0
    for line in lines:
        stop = first + len(words(line.text))
        start = max(spoken.times[first][0], last)
        last = max(spoken.times[stop - 1][1], start + SHORTEST)
        moments.append(Moment(start, last, text=line.text))
        first = stop
    return moments


def _doubts(readings: Sequence[Reading], spoken: Spoken) -> tuple[str, ...]:
    from dicetalk.words.alignment import FITS

    return (*((FOREIGN,) if _is_foreign(readings) else ()), *((UNHEARD,) if spoken.fit < FITS else ()))


def encoder_of(folder: Path | None) -> Encoder:
    """The encoder in a folder, a BERT with heads; or the one that ships.

    Raises:
        MissingExtraError: transformers is not installed.
        CheckpointError: it is not whole.
    """
    if folder is None:
        return shipped_encoder()
    require("torch", "text")
    from dicetalk.words.bert import load_bert

    return load_bert(folder)


def feel_text(given: str, encoder: Encoder) -> Course:
    """What is felt in words, or in a script by its file, sentence by sentence, at the pace of speech.

    Raises:
        InputError: it is no text, empty or too large.
        MediaError: the file cannot be read.
    """
    lines = script_lines(text := read_words(given)) or [ScriptLine(text.strip())]
    moments = paced([line.text for line in lines])
    readings = encoder.read([line.text for line in lines])
    warnings = (FOREIGN,) if _is_foreign(readings) else ()
    return Course(
        moments, _felt(lines, readings), [{"fine": fine_shares(each)} for each in readings], warnings=warnings
    )


def paced(lines: Sequence[str]) -> list[Moment]:
    """Lines, one after the other, as long as somebody would take to say them."""
    moments, start = [], 0.0
    for line in lines:
        end = round(start + max(len(words(line)), 1) / WORDS_A_SECOND, 2)
        moments.append(Moment(start, end, text=line))
        start = round(end + PAUSE, 2)
    return moments


def _is_foreign(readings: Sequence[Reading]) -> bool:
    counts = [sum(word[0].isalpha() for word in reading.words) for reading in readings]
    known = sum(reading.known * count for reading, count in zip(readings, counts, strict=True))
    return known < FEW_KNOWN * sum(counts)


def fine_shares(reading: Reading) -> dict[str, float]:
    """Shares of the 32, by name."""
    return {name: round(share, DIGITS) for name, share in zip(FINE, reading.fine.tolist(), strict=True)}


def feel_line(line: str, encoder: Encoder) -> dict[str, Any]:
    """What is felt in a line, as JSON holds it: its words, 32 and eight shares, how strong, how sure and why."""
    [reading] = encoder.read([line])
    return {"text": line, "fine": fine_shares(reading), **told(feeling_of(reading))}
