"""Audience: of ten people who see or hear somebody, how many would name which emotion.

Learned from the votes on CREMA-D's clips (Cao et al., IEEE TAC 2014): actors showed six emotions, some of them weakly,
at medium strength and strongly; about ten people each heard the clip, saw it, or both, and named one emotion. So this
tells what people *say* that others show. It never tells what they feel themselves.

For one emotion k at strength s the shares of the votes are softmax(rest + sum_j hat_j(s) rise_kj): those of a neutral
clip, and what is added to their logarithms at `KNOTS`, straight between. What may be this or that gets the mean of
what these would get (the law of total probability), so that readers' weights can be taken as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float64
from dicetalk.checkpoints import open_checkpoint
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError, EmotionError
from dicetalk.networks import WEIGHTS
from dicetalk.reading.reading import Windows

KIND, VERSION, MODULE = "audience", 1, "audience"
FOLDER = WEIGHTS / "audience"
CHANNELS: tuple[Channel, ...] = ("voice", "face", "both")
VOTED = (NEUTRAL, "angry", "disgusted", "fear", "happy", "sad")
"""What people could name; nobody was asked about contempt and surprise."""
COLUMNS = tuple(NAMES.index(name) for name in VOTED)
KNOTS = (0.0, 0.33, 0.66, 1.0)
"""Strengths at which it was learned: neutral, and what actors were asked for as low, medium and high."""
TEN = 10
"""People of an audience, about as many as voted on each clip."""
LEAST_KNOWN = 0.5
"""Of what is shown must be of `VOTED`, else nothing is told."""


@dataclass(frozen=True)
class Votes:
    """What an audience is expected to answer.

    Attributes:
        shares: of the votes for each of `NAMES`, together 1; contempt and surprise, of which nobody was asked, have 0.
        agreement: how far one clip is like another of its kind: votes are drawn as if that many had been seen before
            (the sum of the parameters of a Dirichlet-multinomial distribution).
        known: how much of what is shown is of `VOTED`, 0 to 1; the shares are of that part.
    """

    shares: tuple[float, ...]
    agreement: float
    known: float = 1.0

    @property
    def name(self) -> str:
        """What most would say."""
        return NAMES[int(np.argmax(self.shares))]

    def share(self, names: Sequence[str]) -> float:
        """Of the votes, for any of some names."""
        return float(sum(self.shares[NAMES.index(name)] for name in names))

    @property
    def clarity(self) -> float:
        """How clear it would be to ten people: the root of the mean square of the radius on the circle.

        The radius of the mean shares alone would be too small: one clip's votes lie more to one side than the mean of
        many. E|x|^2 = |E x|^2 + tr Cov x, of shares drawn as `agreement` says.
        """
        shares = np.array(self.shares)
        centre = shares @ WHEEL.directions
        scattered = float(shares @ (WHEEL.directions**2).sum(1) - centre @ centre)
        spread = (TEN + self.agreement) / (TEN * (1 + self.agreement))
        return float(np.sqrt(centre @ centre + spread * scattered))

    def counts(self, name: str, sure: float = 0.8) -> tuple[int, int]:
        """Fewest and most of ten people who would name it, in so many of the clips of this kind, if not more."""
        from scipy.stats import betabinom

        share = min(max(self.shares[NAMES.index(name)], 1e-6), 1 - 1e-6)
        drawn = betabinom(TEN, share * self.agreement, (1 - share) * self.agreement)
        return int(drawn.ppf((1 - sure) / 2)), int(drawn.ppf((1 + sure) / 2))

    def __str__(self) -> str:
        """One line: `of ten, 7 say angry (4 to 10), 2 disgusted, 1 neutral`."""
        most = self.name
        low, high = self.counts(most)
        tenths = tenths_of(self.shares)
        others = sorted((n for n in range(len(NAMES)) if tenths[n] and NAMES[n] != most), key=lambda n: -tenths[n])
        rest = "".join(f", {tenths[number]} {NAMES[number]}" for number in others)
        return f"of ten, {tenths[NAMES.index(most)]} say {most} ({low} to {high}){rest}"


def tenths_of(shares: Sequence[float]) -> tuple[int, ...]:
    """Shares as whole tenths that add up to ten: what is left over goes to the largest remainders."""
    exact = TEN * np.array(shares) / sum(shares)
    whole = np.floor(exact + 1e-9).astype(int)
    for number in np.argsort(whole - exact, kind="stable")[: TEN - whole.sum()]:
        whole[number] += 1
    return tuple(whole.tolist())


@dataclass(frozen=True, eq=False)
class Audience:
    """Weights and strength -> votes, of each channel.

    Attributes:
        rest: (3, 6) logarithms of the shares of a neutral clip, by `CHANNELS` and `VOTED`.
        rises: (3, 5, 3, 6) what each emotion but neutral adds to them at `KNOTS[1:]`.
        unknown: (3, 5, 6) what it adds where nobody knows the strength.
        agreement: (3,) of each channel, see `Votes`.
    """

    rest: Float64
    rises: Float64
    unknown: Float64
    agreement: Float64

    def votes(self, weights: ArrayLike, strength: float | None = None, channel: Channel = "both") -> Votes | None:
        """What it answers; None where more than half is contempt and surprise, of which no audience was asked.

        Args:
            weights: (8,) shares of `NAMES`, in their order: of a feeling, or as a reader sees them.
            strength: 0 to 1 of what is felt; None where nobody knows it.
            channel: what there is to hear and see.

        Raises:
            EmotionError: these are no shares or no strength.
        """
        shares = _checked(weights)
        if strength is not None and not 0 <= strength <= 1:
            raise EmotionError(f"the strength is {strength:g}; expected 0 to 1")
        return self._told(self.mixed(shares, strength, channel), channel)

    def shares(self, weights: ArrayLike, strengths: Float64, channel: Channel) -> Float64:
        """Votes for one mixture (8,), of which something is of `VOTED`, at strengths (N,) -> (N, 8), rows of sum 1."""
        each = np.broadcast_to(np.asarray(weights, np.float64), (len(strengths), len(NAMES)))
        mixed = self.mixed(each, strengths, channel)
        found: Float64 = mixed / mixed.sum(-1, keepdims=True)
        return found

    def of_windows(self, windows: Windows, channel: Channel) -> Votes | None:
        """The mean of what it answers to each window, by its length; None as above, for all of them together.

        Of a voice alone the strength counts as unknown: its reader makes it of the very shares that stand in the
        weights, and doubt would count twice.
        """
        lengths = np.array([window.end - window.start for window in windows])
        lengths = lengths if lengths.sum() > 0 else np.ones(len(windows))
        weights = np.array([window.weights for window in windows])
        strength = None if channel == "voice" else np.array([window.strength for window in windows])
        each = self.mixed(weights, strength, channel)
        return self._told(lengths / lengths.sum() @ each, channel)

    def _told(self, mixed: Float64, channel: Channel) -> Votes | None:
        """Votes of what `mixed` gives of one mixture."""
        known = float(mixed.sum())
        if known < LEAST_KNOWN:
            return None
        agreement = float(self.agreement[CHANNELS.index(channel)])
        return Votes(tuple((mixed / known).tolist()), agreement, min(known, 1.0))

    def mixed(self, weights: Float64, strength: ArrayLike | None, channel: Channel) -> Float64:
        """Votes for what of weights (..., 8) is of `VOTED`, at strengths (...) -> (..., 8), of that part's sum."""
        found = np.zeros(weights.shape)
        found[..., COLUMNS] = (weights[..., COLUMNS, None] * self.curves(strength, channel)).sum(-2)
        return found

    def curves(self, strength: ArrayLike | None, channel: Channel) -> Float64:
        """Strengths (...) -> (..., 6, 6): of each of `VOTED` at that strength, shares of the votes for each."""
        number = CHANNELS.index(channel)
        if strength is None:
            raised = self.unknown[number]
        else:
            raised = np.einsum("...k,ekv->...ev", hats(strength), self.rises[number])
        still = np.zeros((*raised.shape[:-2], 1, len(VOTED)))
        return softmax(self.rest[number] + np.concatenate([still, raised], axis=-2))


def hats(strength: ArrayLike) -> Float64:
    """How far each of `KNOTS[1:]` counts at strengths (...) -> (..., 3); at 0 none does."""
    given = np.asarray(strength, np.float64)
    return np.stack([np.interp(given, KNOTS, row) for row in np.eye(len(KNOTS))[1:]], axis=-1)


def softmax(logits: Float64) -> Float64:
    """Shares of sum 1 along the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    found: Float64 = raised / raised.sum(-1, keepdims=True)
    return found


def _checked(weights: ArrayLike) -> Float64:
    try:
        shares = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        shares = np.zeros(0)
    if shares.shape != (len(NAMES),) or not (shares >= 0).all() or not 0.99 < shares.sum() < 1.01:
        raise EmotionError(f"the weights are {str(weights)[:60]}; expected {len(NAMES)} shares that add up to 1")
    return shares


def open_audience(folder: Path) -> Audience:
    """An audience of a checkpoint folder.

    Raises:
        CheckpointError: it is none, or not whole.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    checkpoint = open_checkpoint(folder, KIND, VERSION)
    path = checkpoint.file(MODULE)
    try:
        held = {name: values.astype(np.float64) for name, values in load_file(path).items()}
        audience = Audience(**held)
    except (OSError, SafetensorError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); get or write it again") from None
    shapes = {"rest": (3, 6), "rises": (3, 5, 3, 6), "unknown": (3, 5, 6), "agreement": (3,)}
    if any(held[name].shape != shape or not np.isfinite(held[name]).all() for name, shape in shapes.items()):
        raise CheckpointError(f"{path} holds other numbers than an audience's; get or write it again")
    return audience


@cache
def shipped_audience() -> Audience:
    """The audience that ships."""
    return open_audience(FOLDER)
