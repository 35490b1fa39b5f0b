"""Captions against what people wrote of the same clips: BLEU, ROUGE-L, CIDEr-D.

BLEU is Papineni et al., ACL 2002; ROUGE-L Lin, 2004; CIDEr Vedantam et al., CVPR 2015. The variants are those that
papers on captions report, to nine digits: closest reference length, precisions softened so that a caption without a
run of four words still has a BLEU-4, recall and precision of ROUGE-L from whichever reference gives the best, CIDEr
with clipped counts and a penalty on length. No library gives all of them without Java.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64

Words = tuple[str, ...]
Gram = tuple[str, ...]

LONGEST = 4
"""Of the runs of words that are compared."""
RECALL = 1.2
"""How much more recall counts than precision in ROUGE-L."""
LENGTH_SPREAD = 6.0
"""Of CIDEr-D's penalty on a difference of lengths [words]."""
CIDER_SCALE = 10.0
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_LITTLE, _SMALL = 1e-15, 1e-9
"""Added to what matched and to what was there: no precision is 0 or divided by 0."""


@dataclass(frozen=True)
class Captioned:
    """A clip's caption and what people wrote of it.

    Attributes:
        candidate: the caption's words.
        references: at least one.
    """

    candidate: Words
    references: tuple[Words, ...]


def as_published(text: str) -> Words:
    """The words between blanks, as the published evaluation has them: `happy,` is none of its words of feeling."""
    return tuple(text.split())


def plain_words(text: str) -> Words:
    """The words of a text, in small letters and without signs."""
    return tuple(_WORD.findall(text.lower().replace("’", "'")))


def bleu(captions: Sequence[Captioned]) -> tuple[float, ...]:
    """BLEU-1 to BLEU-4 of all captions together."""
    return bleu_of(matches(captions).sum(axis=0))


def bleu_each(captions: Sequence[Captioned]) -> Float64:
    """(N, 4) BLEU-1 to BLEU-4 of each caption alone."""
    return np.array([bleu_of(each) for each in matches(captions)])


def matches(captions: Sequence[Captioned]) -> Float64:
    """(N, 2, 5): runs of 1 to 4 words that match and that are there; last the lengths of caption and reference."""
    return np.array([_matches(caption) for caption in captions])


def _matches(caption: Captioned) -> Float64:
    length = len(caption.candidate)
    closest = min((abs(len(words) - length), len(words)) for words in caption.references)[1]
    found = np.empty((2, LONGEST + 1))
    for n in range(1, LONGEST + 1):
        most: Counter[Gram] = Counter()
        for words in caption.references:
            most |= _grams(words, n)
        found[:, n - 1] = (_grams(caption.candidate, n) & most).total(), max(length - n + 1, 0)
    found[:, LONGEST] = length, closest
    return found


def bleu_of(sums: Float64) -> tuple[float, ...]:
    """BLEU-1 to BLEU-4 of a row of `matches` (2, 5), or of the sum of several."""
    matched, there = sums[:, :LONGEST]
    precisions = np.cumprod((matched + _LITTLE) / (there + _SMALL)) ** (1 / np.arange(1, LONGEST + 1))
    ratio = (sums[0, LONGEST] + _LITTLE) / (sums[1, LONGEST] + _SMALL)
    return tuple((precisions * min(1.0, math.exp(1 - 1 / ratio))).tolist())


def _grams(words: Words, n: int) -> Counter[Gram]:
    return Counter(words[start : start + n] for start in range(len(words) - n + 1))


def rouge_l(captions: Sequence[Captioned]) -> Float64:
    """(N,) ROUGE-L of each caption; the corpus' is the mean."""
    return np.array([_rouge(caption) for caption in captions])


def _rouge(caption: Captioned) -> float:
    shared = [_longest_shared(caption.candidate, words) for words in caption.references]
    precision = max(shared) / max(len(caption.candidate), 1)
    recall = max(length / max(len(words), 1) for length, words in zip(shared, caption.references, strict=True))
    if not (precision and recall):
        return 0.0
    return (1 + RECALL**2) * precision * recall / (recall + RECALL**2 * precision)


def _longest_shared(one: Words, other: Words) -> int:
    """Length of the longest subsequence of both."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for place, second in enumerate(other):
            row.append(before[place] + 1 if word == second else max(before[place + 1], row[-1]))
    return row[-1]


def cider(captions: Sequence[Captioned]) -> Float64:
    """(N,) CIDEr-D of each caption; how rare a run of words is is said by these clips' references themselves.

    Of a single clip nothing is rare, and its caption is worth 0.
    """
    often = Counter(
        gram for caption in captions for gram in {gram for words in caption.references for gram in _runs(words)}
    )
    rarity = {gram: math.log(len(captions) / count) for gram, count in often.items()}
    unseen = math.log(max(len(captions), 1))
    return np.array([_cider(caption, rarity, unseen) for caption in captions])


def _runs(words: Words) -> Iterator[Gram]:
    for n in range(1, LONGEST + 1):
        yield from _grams(words, n)


def _cider(caption: Captioned, rarity: Mapping[Gram, float], unseen: float) -> float:
    found = 0.0
    for words in caption.references:
        penalty = math.exp(-((len(caption.candidate) - len(words)) ** 2) / (2 * LENGTH_SPREAD**2))
        for n in range(1, LONGEST + 1):
            sides = (_weighed(_grams(side, n), rarity, unseen) for side in (caption.candidate, words))
            found += penalty * _alike(*sides)
    return CIDER_SCALE * found / (LONGEST * len(caption.references))


def _weighed(counts: Counter[Gram], rarity: Mapping[Gram, float], unseen: float) -> dict[Gram, float]:
    return {gram: count * rarity.get(gram, unseen) for gram, count in counts.items()}


def _alike(candidate: Mapping[Gram, float], reference: Mapping[Gram, float]) -> float:
    """The cosine of two weighed counts; what a caption says more often than the reference does not count."""
    alike = sum(
        min(weight, reference[gram]) * reference[gram] for gram, weight in candidate.items() if gram in reference
    )
    return alike / lengths if (lengths := _length(candidate) * _length(reference)) else 0.0


def _length(weights: Mapping[Gram, float]) -> float:
    return math.sqrt(sum(weight**2 for weight in weights.values()))
