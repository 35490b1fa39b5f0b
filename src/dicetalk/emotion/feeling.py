"""Feeling: what somebody feels at one moment, by name and strength and, where a source knows it, as a prior."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.checks import short as shortly
from dicetalk.emotion.vocabulary import NAMES, resolve
from dicetalk.errors import EmotionError

if TYPE_CHECKING:
    from dicetalk.emotion.priors import Prior
    from dicetalk.emotion.space import Space

DEFAULT_STRENGTH = 0.8

DIGITS = 8
"""Of a strength as it is told: of so many, rounded up, seven never add up to more than is taken when they are read."""

# Strengths written with a few decimals may add up to a hair over 1 (0.7 + 0.2 + 0.1).
_SUM_TOLERANCE = 1e-6
_NEUTRAL = (1.0, *[0.0] * (len(NAMES) - 1))


@dataclass(frozen=True)
class Feeling:
    """One moment's emotion.

    Attributes:
        weights: one per name of `NAMES`, each 0 to 1, together 1.
        intensity: 0 is neutral whatever the weights are, 1 is all of it.
        confidence: how sure the source is, 0 to 1.
        why: what the source found, in one line; "" where somebody simply asked for it.
        prior: where it lies among emotions, its intensity included; None where it is known by name only.
        space: the space of `prior`.

    Raises:
        EmotionError: a number is out of range, the weights do not add up to 1, or a prior comes without its space.
    """

    weights: tuple[float, ...] = _NEUTRAL
    intensity: float = 1.0
    confidence: float = 1.0
    why: str = ""
    prior: Prior | None = None
    space: Space | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.weights, tuple):
            raise EmotionError(f"the weights are {shortly(self.weights)}; expected a tuple of {len(NAMES)} numbers")
        if not isinstance(self.why, str):
            raise EmotionError(f"why is {shortly(self.why)}; expected text")
        if len(self.weights) != len(NAMES):
            raise EmotionError(f"found {len(self.weights)} weights; expected {len(NAMES)}, one per {NAMES}")
        for name, weight in zip(NAMES, self.weights, strict=True):
            _check_share(weight, f"the weight of {name!r}")
        if abs(math.fsum(self.weights) - 1) > _SUM_TOLERANCE:
            raise EmotionError(f"the weights add up to {math.fsum(self.weights):.4g}; expected 1")
        _check_share(self.intensity, "the intensity")
        _check_share(self.confidence, "the confidence")
        if (self.prior is None) != (self.space is None):
            raise EmotionError("a prior and its space belong together; give both or neither")

    @classmethod
    def of(cls, strengths: Iterable[tuple[str, float]]) -> Feeling:
        """A mixture by name; what is left of 1 is neutral.

        Args:
            strengths: names, aliases are welcome, with strengths 0 to 1, together at most 1.

        Raises:
            EmotionError: an unknown or repeated name, or a strength out of range.
        """
        named = _resolved(strengths)
        check_strengths(named)
        felt = [abs(named.get(name, 0.0)) for name in NAMES[1:]]  # abs: -0.0 is 0.0
        total = math.fsum(felt)
        if total == 0:
            return cls()
        return cls((0.0, *(strength / total for strength in felt)), min(total, 1.0))

    @property
    def strengths(self) -> dict[str, float]:
        """How strongly each emotion but neutral is felt; those that are not felt are left out."""
        felt = {name: self.intensity * weight for name, weight in zip(NAMES[1:], self.weights[1:], strict=True)}
        return {name: strength for name, strength in felt.items() if strength > 0}

    def mixture(self) -> Float32:
        """(8,) in the order of `NAMES`, each 0 to 1, sum 1; the first is neutral."""
        felt = [self.strengths.get(name, 0.0) for name in NAMES[1:]]
        return np.array([max(0.0, 1.0 - math.fsum(felt)), *felt], np.float32)

    def __str__(self) -> str:
        """Text which `typed.parse` reads back to the same mixture of names."""
        return ",".join(f"{name}:{strength:.{DIGITS}g}" for name, strength in self.strengths.items()) or NAMES[0]


def mix(**strengths: float) -> Feeling:
    """A mixture by name: `mix(happy=0.7, surprised=0.3)`; aliases are welcome.

    Raises:
        EmotionError: as `Feeling.of`, or a strength that is no number.
    """
    return Feeling.of([(name, number(value, f"the strength of {name!r}")) for name, value in strengths.items()])


def blend(parts: Sequence[tuple[Feeling, float]]) -> Feeling:
    """Several feelings at once, each at a strength 0 to 1, together at most 1; what is left is neutral.

    Where one of them is known as a prior, so is the blend: offsets from neutral are scaled and added, those of names
    taken from the priors of the same space (METHOD, section 2: mu = mu_neutral + sum_k s_k (mu_k - mu_neutral)).
    A blend is as sure as its least sure part.

    Raises:
        EmotionError: the strengths pass 1, or priors lie in different spaces.
    """
    for feeling, strength in parts:
        _check_share(strength, f"the strength of {feeling}")
    _check_total(math.fsum(strength for _, strength in parts))
    mixed: dict[str, float] = {}
    for feeling, strength in parts:
        for name, value in feeling.strengths.items():
            mixed[name] = mixed.get(name, 0.0) + strength * value
    why = "; ".join(feeling.why for feeling, _ in parts if feeling.why)
    sure = min((feeling.confidence for feeling, _ in parts), default=1.0)
    blended = replace(Feeling.of(mixed.items()), confidence=sure, why=why)
    space = common_space([feeling for feeling, _ in parts])
    if space is None:
        return blended
    prior = space.offset([(space.prior_of(feeling), strength) for feeling, strength in parts])
    return replace(blended, prior=prior, space=space)


def common_space(feelings: Sequence[Feeling]) -> Space | None:
    """The space in which some of the feelings lie; None where all are known by name only.

    Raises:
        EmotionError: they lie in several.
    """
    spaces = {feeling.space.name: feeling.space for feeling in feelings if feeling.space is not None}
    if len(spaces) > 1:
        raise EmotionError(f"emotions of different embedders ({', '.join(spaces)}) cannot be mixed; use one")
    return next(iter(spaces.values()), None)


def check_strengths(strengths: Mapping[str, float]) -> None:
    """Make sure that each strength is 0 to 1 and together they are at most 1.

    Raises:
        EmotionError: they are not.
    """
    for name, strength in strengths.items():
        if not 0 <= strength <= 1:
            raise EmotionError(f"strength {strength:g} of {name!r} is out of range; expected 0 to 1")
    _check_total(math.fsum(strengths.values()))


def _check_total(total: float) -> None:
    if total > 1 + _SUM_TOLERANCE:
        raise EmotionError(f"the strengths add up to {total:.4g}; expected at most 1 (the rest is neutral)")


def number(value: object, what: str) -> float:
    """A plain number as float.

    Raises:
        EmotionError: a truth value, text, or an integer beyond float.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise EmotionError(f"{what} is {short(str(value))}; expected a number")
    try:
        return float(value)
    except OverflowError:
        raise EmotionError(f"{what} is too large a number") from None


def short(text: str) -> str:
    """Text of the user's, quoted, cut so that a message stays one line."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _check_share(value: float, what: str) -> None:
    if not 0 <= number(value, what) <= 1:
        raise EmotionError(f"{what} is {value:g}; expected 0 to 1")


def _resolved(strengths: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Strengths by the names of the vocabulary."""
    named: dict[str, float] = {}
    for given, strength in _pairs(strengths):
        name = resolve(given)
        if name in named:
            raise EmotionError(f"{name!r} is given twice; expected each emotion once")
        named[name] = number(strength, f"the strength of {name!r}")
    return named


def _pairs(strengths: Iterable[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """What was given, if it is pairs of a name and something."""
    if isinstance(strengths, str | Mapping) or not isinstance(strengths, Iterable):
        raise EmotionError(f"the strengths are {shortly(strengths)}; expected pairs such as ('happy', 0.7)")
    for pair in strengths:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise EmotionError(f"{shortly(pair)} is no name with its strength; expected a pair such as ('happy', 0.7)")
        yield pair[0], pair[1]
