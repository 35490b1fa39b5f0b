"""The one road from feelings to what a backbone reads: a timeline -> weights and priors per frame -> emotion tokens.

Every backbone takes it (METHOD, section 2). Nothing is rounded on the way: a prior that a source knows reaches a
backbone of the same space as it is; only where the space is another one are its names used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float32
from dicetalk.emotion.feeling import common_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import EmotionError

if TYPE_CHECKING:
    from torch import Tensor

    from dicetalk.emotion.bank import EmotionBank

PRIORS_AT_ONCE = 16
"""Priors whose tokens are looked up in one call: the bank's attention grows with them."""


@dataclass(frozen=True, eq=False)
class PriorTrack:
    """Priors of T frames.

    Attributes:
        means: (T, D).
        stds: (T, D).
        space: name of the space in which they lie.
    """

    means: Float32
    stds: Float32
    space: str


@dataclass(frozen=True, eq=False)
class EmotionTrack:
    """What is felt in each of T frames.

    Attributes:
        weights: (T, K) 0 to 1, rows of sum 1.
        names: of the K columns, neutral first.
        priors: where a source knows them.
    """

    weights: Float32
    names: tuple[str, ...] = NAMES
    priors: PriorTrack | None = None

    def __len__(self) -> int:
        return len(self.weights)

    def within(self, first: int, frames: int) -> EmotionTrack:
        """What is felt from a frame on; what is felt in the last one holds behind it."""
        rows = np.minimum(np.arange(first, first + frames), len(self) - 1)
        some = self.priors and PriorTrack(self.priors.means[rows], self.priors.stds[rows], self.priors.space)
        return EmotionTrack(self.weights[rows], self.names, some)

    def onto(self, names: Sequence[str]) -> Float32:
        """(T, len(names)) the weights in another vocabulary, by name; what it lacks counts as neutral."""
        found = np.zeros((len(self), len(names)), np.float32)
        for column, name in enumerate(self.names):
            found[:, names.index(name if name in names else NEUTRAL)] += self.weights[:, column]
        return found


@dataclass(frozen=True, eq=False)
class NamedPriors:
    """The named emotions as a backbone's checkpoint stores them.

    Attributes:
        names: its vocabulary, in the checkpoint's order.
        means: (K, D) of each.
        stds: (K, D); 0 where the checkpoint knows none.
        space: name of the space in which they lie, "" where nobody else can lie in it.
    """

    names: tuple[str, ...]
    means: Float32
    stds: Float32
    space: str = ""


def track(timeline: Timeline, times: ArrayLike) -> EmotionTrack:
    """What is felt at each time, `times` (T,) [s].

    Raises:
        EmotionError: the priors of the timeline lie in different spaces.
    """
    feelings = [feeling for _, feeling in timeline.keys]
    space = common_space(feelings)
    if space is None:
        return EmotionTrack(timeline.at(times))
    shares = timeline.shares(times)
    keys = [space.prior_of(feeling) for feeling in feelings]
    means = (shares @ np.stack([prior.mean for prior in keys])).astype(np.float32)
    stds = (shares @ np.stack([prior.std for prior in keys])).astype(np.float32)
    return EmotionTrack(timeline.at(times), priors=PriorTrack(means, stds, space.name))


def priors(emotion: EmotionTrack, stored: NamedPriors, generator: np.random.Generator | None = None) -> Float32:
    """One prior per frame for a backbone, (T, D).

    Args:
        emotion: what is felt.
        stored: the named emotions in the backbone's space.
        generator: draws from the Gaussians, once for a clip so that nothing flickers, as motion does; None takes their
            means, as svd does.

    Raises:
        EmotionError: what is felt is told by vectors of another width than the space has.
    """
    known = emotion.priors
    if known is not None and known.space == stored.space and known.means.shape[1] != stored.means.shape[1]:
        raise EmotionError(
            f"the emotion is told by {known.means.shape[1]} numbers, and a prior of this space has "
            f"{stored.means.shape[1]}; write its file again by `dicetalk embed`"
        )
    if known is None or known.space != stored.space:
        weights = emotion.onto(stored.names)
        known = PriorTrack(weights @ stored.means, weights @ stored.stds, stored.space)
    if generator is None:
        return known.means
    return known.means + known.stds * generator.standard_normal(known.means.shape[1], np.float32)


def tokens(bank: EmotionBank, priors: Tensor) -> Tensor:
    """Emotion tokens `(N, L, W)` of priors `(N, D)`; equal priors are looked up once."""
    import torch

    distinct, place = priors.unique(dim=0, return_inverse=True)
    read = torch.cat([bank(part[None])[0] for part in distinct.split(PRIORS_AT_ONCE)])
    return read[place]
