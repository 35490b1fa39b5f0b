"""What is felt in each line of a written dialogue, planned by its words and by the lines around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.feeling import Feeling, blend
from dicetalk.emotion.moments import Moment
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.sources.turns import (
    EMOTIONS,
    LEVELS,
    OUTPUTS,
    Talk,
    TurnModel,
    grams,
    hash_of,
    shares,
    shipped_turns,
    weighed,
)

STAYS = 0.4
"""How much of what somebody felt in their line before stays in a plain one."""
GROWS = 0.15
"""By how much what is felt again grows."""
TOLD = 2
"""Words that are told as a reason."""
LEAST_KNOWN = 0.5
"""Share of a line's words that are known, below which it is as unsure as they are few."""
LEAST_WORD = 0.1
"""What a word must weigh to be one."""


@dataclass(frozen=True)
class DialogueSource:
    """Plans a dialogue's feelings; no line needs to be labelled.

    A feeling builds up while it lasts, and fades over the lines that follow.

    Attributes:
        locked: what is felt in some lines, by index from 0: it stays as it is, and the others answer to it.
    """

    locked: Mapping[int, Feeling] = field(default_factory=dict)

    def feel_each(self, moments: Sequence[Moment]) -> list[Feeling]:
        """One feeling a line, with how sure it is and why."""
        if not moments:
            return []
        model, talk = shipped_turns(), self._talk(moments)
        planned = [_Line(model, *line) for line in zip(talk.texts, *model(talk), strict=True)]
        feelings: list[Feeling] = []
        last: dict[str, Feeling] = {}
        for index, (moment, line) in enumerate(zip(moments, planned, strict=True)):
            before = last.get(moment.speaker)
            feelings.append(self.locked[index] if index in self.locked else _carried(line.feeling(), before))
            last[moment.speaker] = feelings[-1]
        return feelings

    def _talk(self, moments: Sequence[Moment]) -> Talk:
        names = list(dict.fromkeys(moment.speaker for moment in moments))
        known = np.zeros((len(moments), OUTPUTS))
        for index, feeling in self.locked.items():
            known[index] = known_of(feeling)
        emotions, strengths = np.split(known, [len(EMOTIONS)], axis=1)
        speakers = np.array([names.index(moment.speaker) for moment in moments], np.int64)
        return Talk([moment.text for moment in moments], speakers, emotions, strengths)


def known_of(feeling: Feeling) -> Float64:
    """A feeling as what the model knows of a line (10,): its likeliest emotion, and its strength.

    Contempt, of which no line that it learned from tells, counts as disgust.
    """
    name, strength = strongest(feeling), sum(feeling.strengths.values())
    known = np.zeros(OUTPUTS)
    known[EMOTIONS.index("disgusted" if name == "contempt" else name)] = 1.0
    known[len(EMOTIONS) + int(np.abs(np.array(LEVELS) - strength).argmin())] = 1.0
    return known


def strongest(feeling: Feeling) -> str:
    """What is felt most, besides being neutral; neutral where nothing is felt."""
    return max(feeling.strengths, key=lambda name: feeling.strengths[name], default=NEUTRAL)


@dataclass(frozen=True, eq=False)
class _Line:
    """What the model says of a line.

    Attributes:
        model: that said it.
        text: of the line.
        logits: (10,) without the lean.
        lean: (10,) of them.
    """

    model: TurnModel
    text: str
    logits: Float64
    lean: Float64

    def feeling(self) -> Feeling:
        """The likeliest feeling, leant as people's are, with the strength that is expected of it.

        Its confidence is the share of such lines that people felt so about.
        """
        leant = shares((self.logits + self.lean)[None])[0]
        emotions, strengths = np.split(leant, [len(EMOTIONS)])
        chosen = int(emotions.argmax())
        sure, why = float(shares(self.logits[None])[0, chosen]), self._why(chosen)
        known, words = self._known()
        if known < LEAST_KNOWN * words:
            sure, why = sure * known / words, f"{why}; knows {known} of {words} words, of English alone"
        if chosen == 0:
            return replace(Feeling(), confidence=sure, why=why)
        strength = float(strengths @ np.array(LEVELS))
        felt = emotions[1:] / emotions[1:].sum() * strength
        named = [(name, float(share)) for name, share in zip(EMOTIONS[1:], felt, strict=True) if share >= 0.02]
        return replace(Feeling.of(named), confidence=sure, why=why)

    def _known(self) -> tuple[int, int]:
        """How many of its words the model knows, and how many there are."""
        words = [gram for gram in grams(self.text) if " " not in gram]
        return int(np.isin([hash_of(word) for word in words], self.model.places).sum()), len(words)

    def _why(self, chosen: int) -> str:
        words, alone = self._words(chosen)
        name = EMOTIONS[chosen]
        if chosen != alone:
            return f"the lines around it make it {name}" + (f", with {words}" if words and chosen else "")
        return "plain words" if chosen == 0 else f"{words}: {name}" if words else f"what is said: {name}"

    def _words(self, chosen: int) -> tuple[str, int]:
        """The words that speak most for an emotion, and which one all of them speak for."""
        known, values = weighed(self.text, self.model.places, self.model.rarity)
        weights = self.model.words[known][:, : len(EMOTIONS)].astype(np.float64) * values[:, None]
        alone = int((weights.sum(axis=0) + self.model.base[: len(EMOTIONS)]).argmax())
        speaks = dict(
            zip(
                self.model.places[known].tolist(),
                (weights - weights.mean(axis=1, keepdims=True))[:, chosen],
                strict=True,
            )
        )
        return quoted(self.text, speaks), alone


def quoted(text: str, speaks: Mapping[int, float]) -> str:
    """The words and pairs of a text that speak most for something, by their hashes; "" where none does."""
    found = {gram: speaks.get(hash_of(gram), 0.0) for gram in grams(text) if gram[0] != "<" and gram[-1] != ">"}
    ranked = sorted(found, key=lambda gram: -found[gram])[:TOLD]
    return ", ".join(repr(gram) for gram in ranked if found[gram] >= LEAST_WORD)


def _carried(feeling: Feeling, before: Feeling | None) -> Feeling:
    """A feeling after what the same person felt last: the same grows, and something stays in a plain line."""
    if before is None or not before.strengths:
        return feeling
    if not feeling.strengths:
        left = blend([(before, STAYS)])
        stays = max(left.strengths.values()) >= 0.05
        return (
            replace(left, confidence=feeling.confidence, why=f"{feeling.why}; still {strongest(before)}")
            if stays
            else feeling
        )
    name = strongest(feeling)
    if name != strongest(before):
        return feeling
    return replace(feeling, intensity=min(feeling.intensity + GROWS, 1.0), why=f"{feeling.why}; {name} again")
