"""A plan: what is felt in each line of a dialogue, what of it stays as it is, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dicetalk.dialogue.script import LONGEST_LINE, MOST_LINES, Line, read_script
from dicetalk.emotion.course import Course
from dicetalk.emotion.feeling import Feeling, number, short
from dicetalk.emotion.moments import Moment
from dicetalk.emotion.timeline_file import decode, feeling_of, object_of, text_of, told
from dicetalk.errors import EmotionError, InputError, MediaError
from dicetalk.files import PathLike, read_bytes, whole
from dicetalk.reading.audience import shipped_audience
from dicetalk.reading.stronger import raise_to
from dicetalk.sources.dialogue import DialogueSource

SUFFIX = ".json"
MOST_BYTES = 4_000_000
PACE = 14.0
"""Characters somebody says in a second, where no voice is there to tell."""
PAUSE = 0.35
"""Between two lines [s]."""
SHORTEST = 0.6
"""Of a line [s]."""
LEAST_CONFIDENCE = 0.0
"""The author has the last word on what is planned: nothing of it is dropped for being unsure."""
WIDTH = 48
"""Of a line in a table [characters]."""


@dataclass(frozen=True)
class Planned:
    """A line and what is felt in it.

    Attributes:
        line: what is said.
        feeling: of who says it.
        locked: whether it stays as it is when others are planned anew.
    """

    line: Line
    feeling: Feeling
    locked: bool = False


@dataclass(frozen=True)
class Plan:
    """What is felt in each line of a dialogue.

    Attributes:
        lines: in their order; one at least.
    """

    lines: tuple[Planned, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Their names, in the order in which they speak."""
        return tuple(dict.fromkeys(planned.line.speaker for planned in self.lines))

    def locking(self, asked: Mapping[int, Feeling]) -> Plan:
        """A plan in which some lines, counted from 0, feel what is asked for, and are locked.

        Raises:
            InputError: there is no such line.
        """
        for index in asked:
            if not 0 <= index < len(self.lines):
                raise InputError(f"there is no line {index + 1} to lock; the script has {len(self.lines)}")
        return Plan(
            tuple(
                replace(planned, feeling=asked[index], locked=True) if index in asked else planned
                for index, planned in enumerate(self.lines)
            )
        )

    def anew(self) -> Plan:
        """A plan in which all that is not locked is planned around what is."""
        locked = {index: planned.feeling for index, planned in enumerate(self.lines) if planned.locked}
        feelings = DialogueSource(locked).feel_each(moments_of([planned.line for planned in self.lines]))
        return Plan(tuple(replace(old, feeling=new) for old, new in zip(self.lines, feelings, strict=True)))


def raised(plan: Plan, share: float | None) -> tuple[Plan, tuple[str, ...]]:
    """A plan whose feelings are strong enough that so much of an audience names them, and what stood in the way.

    What is locked stays as it is. See `reading.stronger`.

    Args:
        plan: what is felt in each line.
        share: of the audience, above 0 to 1, with the sound off; None leaves all as it is.
    """
    if share is None:
        return plan, ()
    audience, lines = shipped_audience(), []
    warnings: dict[str, None] = {}
    for planned in plan.lines:
        feeling, warning = (planned.feeling, "") if planned.locked else raise_to(planned.feeling, share, audience)
        lines.append(replace(planned, feeling=feeling))
        warnings |= {warning: None} if warning else {}
    return Plan(tuple(lines)), tuple(warnings)


def plan_of(lines: Sequence[Line]) -> Plan:
    """The plan of a script: what its author asks for stays, the rest is planned around it."""
    asked = [line.asked for line in lines]
    locked = [feeling is not None for feeling in asked]
    given = zip(lines, asked, locked, strict=True)
    return Plan(tuple(Planned(line, feeling or Feeling(), lock) for line, feeling, lock in given)).anew()


def moments_of(lines: Sequence[Line]) -> list[Moment]:
    """Lines as moments, at the pace at which people talk."""
    moments: list[Moment] = []
    time = 0.0
    for line in lines:
        end = time + max(len(line.text) / PACE, SHORTEST)
        moments.append(Moment(time, end, line.speaker, line.text))
        time = end + PAUSE
    return moments


def course_of(plan: Plan) -> Course:
    """What is felt in the course of a plan, at the pace at which people talk."""
    moments = moments_of([planned.line for planned in plan.lines])
    return Course(moments, [planned.feeling for planned in plan.lines], least=LEAST_CONFIDENCE)


def plan_from(path: PathLike) -> Plan:
    """The plan in a file: a script's, which is planned, or one that was written (.json), as it is.

    Raises:
        MediaError, InputError, CheckpointError: as `read_script` and `read_plan`.
    """
    return read_plan(path) if is_plan(path) else plan_of(read_script(path))


def is_plan(path: PathLike) -> bool:
    """Whether a file has the name of a plan that was written."""
    return Path(path).suffix.lower() == SUFFIX


def read_plan(path: PathLike) -> Plan:
    """A plan that was written, and perhaps edited.

    Raises:
        MediaError: it cannot be read, or is over 4 MB.
        EmotionError: it is not JSON, or a line or field is wrong (says which).
        CheckpointError: a file of own emotions is damaged.
    """
    data = read_bytes(path, MOST_BYTES)
    try:
        return from_json(decode(data), Path(path).parent)
    except EmotionError as error:
        raise EmotionError(f"plan {short(Path(path).name)}: {error}") from error


def write_plan(path: PathLike, plan: Plan) -> None:
    """Write a plan, whole or not at all.

    Raises:
        MediaError: it cannot be written.
    """
    target = Path(path)
    with whole(target) as hidden:
        try:
            hidden.write_text(json.dumps(to_json(plan), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise MediaError(f"{target} cannot be written ({error.strerror})") from error


def to_json(plan: Plan) -> dict[str, Any]:
    """A plan as what JSON can hold."""
    return {"lines": [_told(planned) for planned in plan.lines]}


def _told(planned: Planned) -> dict[str, Any]:
    line = planned.line
    return {"speaker": line.speaker, "text": line.text, **told(planned.feeling), "locked": planned.locked}


def from_json(value: object, folder: Path) -> Plan:
    """The plan that a JSON value tells; files of own emotions are looked for in a folder.

    Raises:
        EmotionError: a line or field is wrong (says which).
        CheckpointError: a file of own emotions is damaged.
    """
    lines = object_of(value, "the file", required={"lines"}, optional=set())["lines"]
    if not isinstance(lines, list) or not lines:
        raise EmotionError('"lines" is no list of lines; expected what `dicetalk dialogue --plan` writes')
    if len(lines) > MOST_LINES:
        raise EmotionError(f"{len(lines)} lines; expected {MOST_LINES} at most")
    return Plan(tuple(_planned(index, line, folder) for index, line in enumerate(lines)))


def _planned(index: int, value: object, folder: Path) -> Planned:
    where = f"lines[{index}]"
    line = object_of(value, where, required={"speaker", "text", "emotion"}, optional={"confidence", "why", "locked"})
    try:
        feeling = feeling_of(line["emotion"], folder)
        confidence = number(line.get("confidence", feeling.confidence), '"confidence"')
        feeling = replace(feeling, confidence=confidence, why=text_of(line.get("why", feeling.why), '"why"'))
        said = Line(_words(line["speaker"], '"speaker"'), _words(line["text"], '"text"'), index + 1)
        return Planned(said, feeling, _truth(line.get("locked", False)))
    except EmotionError as error:
        raise EmotionError(f"{where}: {error}") from error


def _words(value: object, what: str) -> str:
    words = " ".join(text_of(value, what).split())
    if not any(sign.isalnum() for sign in words) or len(words) > LONGEST_LINE:
        raise EmotionError(f"{what} is {short(words)}; expected words, {LONGEST_LINE} characters at most")
    return words


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise EmotionError(f'"locked" is {short(str(value))}; expected true or false')
    return value


def table(plan: Plan) -> Iterator[str]:
    """A plan for reading: a line each, with who feels what, how surely, and whether it is locked."""
    width = max(len(speaker) for speaker in plan.speakers)
    for count, planned in enumerate(plan.lines, start=1):
        said = planned.line.text
        said = said if len(said) <= WIDTH else said[: WIDTH - 3] + "..."
        lock = "locked" if planned.locked else f"{planned.feeling.confidence:6.2f}"
        what = felt(planned.feeling)
        why = f"  ({planned.feeling.why})" if planned.feeling.why else ""
        yield f"{count:4}  {planned.line.speaker:<{width}}  {said:<{WIDTH}}  {lock}  {what}{why}"


def felt(feeling: Feeling) -> str:
    """What is felt most, in a few words: `happy .45, surprised .10`."""
    strong = sorted(((round(s, 2), name) for name, s in feeling.strengths.items()), reverse=True)
    return ", ".join(f"{name} {strength:.2f}" for strength, name in strong[:2] if strength >= LEAST_TOLD) or "neutral"


LEAST_TOLD = 0.05


def locks_of(texts: Sequence[str], folder: Path = Path()) -> dict[int, Feeling]:
    """`3=happy:0.7` -> line 3, counted from 1, feels so; keys count from 0.

    Raises:
        InputError: one is not understood, or a line is named twice.
    """
    locks: dict[int, Feeling] = {}
    for text in texts:
        index, feeling = _lock(text, folder)
        if index in locks:
            raise InputError(f"line {index + 1} is locked twice; expected once")
        locks[index] = feeling
    return locks


def _lock(text: str, folder: Path) -> tuple[int, Feeling]:
    count, sign, emotion = text.partition("=")
    if not sign or not (count.strip().isascii() and count.strip().isdigit()) or len(count) > 9 or int(count) < 1:
        raise InputError(f"the lock is {short(text)}; expected a line and what is felt in it, as in 3=happy:0.7")
    return int(count) - 1, feeling_of(emotion, folder)
