"""When each line is spoken, what each of the people feels all the while, and who is seen when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicetalk.dialogue.plan import LEAST_CONFIDENCE, PAUSE, Plan
from dicetalk.emotion.feeling import Feeling, blend
from dicetalk.emotion.moments import Moment, draw_up
from dicetalk.emotion.timeline import Timeline

LEAD = 0.4
"""Before the first line, and after the last [s]."""
BREATH = 0.2
"""Between two lines of the same person [s]."""
LISTENS = 0.6
"""Of what somebody is about to answer with, how much is felt while they listen."""
ECHOES = 0.35
"""Of what somebody else feels, how much is felt by who answers nothing."""
SHARED = ("happy", "sad", "fear", "surprised")
"""What is caught from others: who hears anger, contempt or disgust does not feel the same."""
REACTS = 0.3
"""Of a line, when who listens begins to show it."""
EARLY = 0.12
"""How long before a line who speaks it is seen [s]."""
LONG = 4.5
"""A line from which on who listens is seen in the middle of it [s]."""
GLANCE = 1.6
"""How long [s]."""
SHORT = 0.8
"""A line for which nobody turns round [s]."""


def spoken_moments(plan: Plan, lengths: Sequence[float]) -> list[Moment]:
    """When each line is spoken.

    Args:
        plan: of the dialogue.
        lengths: of each line's sound [s].
    """
    moments: list[Moment] = []
    time = LEAD
    for planned, length in zip(plan.lines, lengths, strict=True):
        if moments:
            time += BREATH if moments[-1].speaker == planned.line.speaker else PAUSE
        moments.append(Moment(time, time + length, planned.line.speaker, planned.line.text))
        time += length
    return moments


def length_of(moments: Sequence[Moment]) -> float:
    """How long a film of them is [s]."""
    return moments[-1].end + LEAD


def felt_by(name: str, plan: Plan, moments: Sequence[Moment]) -> Timeline:
    """What somebody feels all the while: what is planned in their own lines, a listener's feeling in others'."""
    mine, feelings = [], []
    for index, moment in enumerate(moments):
        speaks = moment.speaker == name
        start = moment.start if speaks else moment.start + REACTS * (moment.end - moment.start)
        mine.append(replace(moment, start=start))
        feelings.append(plan.lines[index].feeling if speaks else listening(name, plan, index))
    return draw_up(mine, feelings, least=LEAST_CONFIDENCE)


def listening(name: str, plan: Plan, index: int) -> Feeling:
    """What somebody feels while another speaks a line: what they are about to answer with comes up already.

    Who answers nothing next feels something of what the speaker feels, where that is caught from others.
    """
    line = plan.lines[index]
    if index + 1 < len(plan.lines) and plan.lines[index + 1].line.speaker == name:
        felt, share, why = plan.lines[index + 1].feeling, LISTENS, "about to answer"
    else:
        felt, share, why = _caught(line.feeling), ECHOES, "listens"
    return replace(blend([(felt, share)]), confidence=felt.confidence, why=f"{why} {line.line.speaker}")


def _caught(feeling: Feeling) -> Feeling:
    shared = {name: strength for name, strength in feeling.strengths.items() if name in SHARED}
    return replace(Feeling.of(shared.items()), confidence=feeling.confidence)


def shots(moments: Sequence[Moment], names: Sequence[str], total: float) -> list[tuple[float, str]]:
    """From when on [s] who is seen: who speaks, and in the middle of a long line who listens, in turn."""
    found = [(0.0, moments[0].speaker)]
    for count, moment in enumerate(moments):
        for time, name in _shots_of(moment, [other for other in names if other != moment.speaker], count):
            if name != found[-1][1]:
                found.append((time, name))
    return [(time, name) for time, name in found if time < total]


def _shots_of(moment: Moment, others: Sequence[str], count: int) -> Iterator[tuple[float, str]]:
    lasts = moment.end - moment.start
    if lasts >= SHORT:
        yield max(moment.start - EARLY, 0.0), moment.speaker
    if lasts >= LONG and others:
        middle = moment.start + 0.6 * lasts
        yield middle, others[count % len(others)]
        yield middle + GLANCE, moment.speaker
