"""`text`: what is felt in what is said, sentence by sentence, read in the words alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dicetalk.emotion.course import Course, told
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.fine import FINE
from dicetalk.emotion.moments import Moment
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.words.encoder import Encoder, Reading, shipped_encoder
from dicetalk.words.reading import read_words
from dicetalk.words.sentences import sentences, words

FEW_KNOWN = 0.5
"""Share of known words below which a text is taken for another language."""
FOREIGN = "the text is hardly English, on which the feelings were learned: see how sure each line is"
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
    """A reading as a feeling: how sure it is of the name of most weight, and the words that spoke for it."""
    if not any(word[0].isalpha() for word in reading.words):
        return Feeling(confidence=0.0, why="no word is said: neutral")
    if reading.known < FEW_KNOWN:
        return Feeling(confidence=0.0, why=f"{_foreign(reading)}: neutral")
    weights = reading.weights
    sure = float(weights.max())
    return Feeling(tuple((weights / weights.sum()).tolist()), reading.strength, sure, _why(reading))


def _foreign(reading: Reading) -> str:
    count = sum(word[0].isalpha() for word in reading.words)
    return f"trained on English, and knows {round(reading.known * count)} of {count} words"


def _why(reading: Reading) -> str:
    """`'lost', 'dog': devastated 0.61`, or what was found plain."""
    order = [place for place in np.argsort(-reading.moved) if reading.moved[place] > 0]
    best = [place for place in order if reading.words[place][0].isalpha()][:MOST_TOLD]
    named = ", ".join(dict.fromkeys(f"'{reading.words[place]}'" for place in sorted(best)))
    if reading.weights.argmax() == NAMES.index(NEUTRAL) and reading.plain >= 0.5:
        return f"{named or 'nothing'}: plain {reading.plain:.2f}"
    top = int(reading.fine.argmax())
    return f"{named or 'all of it'}: {FINE[top]} {(1 - reading.plain) * reading.fine[top]:.2f}"


def feel_text(given: str) -> Course:
    """What is felt in words, or in a script by its file, sentence by sentence, at the pace of speech.

    Raises:
        InputError: it is no text, empty or too large.
        MediaError: the file cannot be read.
    """
    found = [sentence.text for sentence in sentences(text := read_words(given))] or [text.strip()]
    readings = shipped_encoder().read(found)
    feelings = [feeling_of(reading) for reading in readings]
    warnings = (FOREIGN,) if _is_foreign(readings) else ()
    return Course(paced(found), feelings, [{"fine": fine_shares(reading)} for reading in readings], warnings=warnings)


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


def feel_line(line: str) -> dict[str, Any]:
    """What is felt in a line, as JSON holds it: its words, 32 and eight shares, how strong, how sure and why."""
    [reading] = shipped_encoder().read([line])
    return {"text": line, "fine": fine_shares(reading), **told(feeling_of(reading))}


def feel_lines(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What is felt in each of many lines, by itself, as it comes."""
    return map(feel_line, lines)
