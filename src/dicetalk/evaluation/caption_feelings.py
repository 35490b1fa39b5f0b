"""Whether captions name the right feelings: Acc_sw, Acc_c, BFS, CFS (Wang et al., "Emotion expression with fact
transfer for video description", IEEE TMM 2022).

The evaluation that was published has three defects, and `published=True` keeps them, so that its figures can be met:

- Acc_c divides by how many more captions are right than are right *and* wrong, plus .0001: where none is more, the
  figure is e to the ten-thousandth power. Here it is 0 there, to which it falls anyway;
- a caption's word that stands for several feelings counts for the first of them by the alphabet only. Here it is right
  where any of them is;
- words are what lies between blanks, so that `happy,` names nothing. Give `captions.plain_words` instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dicetalk.evaluation.captions import Captioned, Words, bleu
from dicetalk.evaluation.captions import cider as cider_each

BLEU_SHARES = (0.1, 0.2, 0.3, 0.4)
"""How much BLEU-1 to BLEU-4 count in BFS."""
OF_WORDS, OF_FEELING = 0.8, 0.1
"""How much the words count in BFS and CFS, and each of the two accuracies."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words of feeling.

    Attributes:
        words: of each kind of feeling; a word may stand for several kinds.
    """

    words: Mapping[str, Sequence[str]]

    @cached_property
    def kinds(self) -> Mapping[str, tuple[str, ...]]:
        """Of each word, in the order of the alphabet."""
        found: dict[str, list[str]] = {}
        for kind in sorted(self.words):
            for word in self.words[kind]:
                found.setdefault(word, []).append(kind)
        return {word: tuple(kinds) for word, kinds in found.items()}

    def named(self, words: Words) -> frozenset[str]:
        """Every kind that any of the words stands for."""
        return frozenset(kind for word in words for kind in self.kinds.get(word, ()))


@dataclass(frozen=True)
class Named:
    """What a caption names.

    Attributes:
        right: kinds of feeling that a reference names as well.
        wrong: kinds that none does.
    """

    right: int
    wrong: int


@dataclass(frozen=True)
class FeelingScores:
    """Figures of a set of captions.

    Attributes:
        words: Acc_sw, the share of the named kinds that are right; a caption that names none counts as one wrong.
        captions: Acc_c, the share of captions that name a right kind, less where they name wrong ones as well.
        bfs, cfs: these with BLEU and with CIDEr.
    """

    words: float
    captions: float
    bfs: float
    cfs: float


def named_by(caption: Captioned, lexicon: Lexicon, *, published: bool = False) -> Named:
    """What a caption names, beside its references."""
    told = frozenset[str]().union(*(lexicon.named(words) for words in caption.references))
    kinds = [lexicon.kinds[word] for word in caption.candidate if word in lexicon.kinds]
    if published:
        first = {each[0] for each in kinds}
        return Named(len(first & told), len(first - told))
    right = {kind for each in kinds for kind in each if kind in told}
    wrong = {each[0] for each in kinds if told.isdisjoint(each)}
    return Named(len(right), len(wrong))


def accuracies(named: Sequence[Named], *, published: bool = False) -> tuple[float, float]:
    """Acc_sw and Acc_c."""
    right, wrong = sum(each.right for each in named), sum(each.wrong for each in named)
    none = sum(not (each.right or each.wrong) for each in named)
    hits = sum(each.right > 0 for each in named)
    mixed = sum(each.right > 0 and each.wrong > 0 for each in named)
    return right / (right + wrong + none), _penalty(hits, mixed, published) * hits / len(named)


def _penalty(hits: int, mixed: int, published: bool) -> float:
    """What is left of a share of captions when so many of the right ones are wrong as well."""
    if published:
        try:
            return math.exp(mixed / (mixed - hits + 1e-4))
        except OverflowError:
            return math.inf
    return math.exp(-mixed / (hits - mixed)) if hits > mixed else 0.0


def feeling_scores(captions: Sequence[Captioned], lexicon: Lexicon, *, published: bool = False) -> FeelingScores:
    """All four figures of at least one caption."""
    named = [named_by(caption, lexicon, published=published) for caption in captions]
    return mixed(bleu(captions), float(cider_each(captions).mean()), named, published=published)


def mixed(words: Sequence[float], cider: float, named: Sequence[Named], *, published: bool = False) -> FeelingScores:
    """All four figures from BLEU-1 to BLEU-4, CIDEr and what each caption names."""
    accuracy = accuracies(named, published=published)
    feeling = OF_FEELING * sum(accuracy)
    said = sum(share * value for share, value in zip(BLEU_SHARES, words, strict=True))
    return FeelingScores(*accuracy, OF_WORDS * said + feeling, OF_WORDS * cider + feeling)
