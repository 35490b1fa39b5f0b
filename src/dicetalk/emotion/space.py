"""Space: where priors lie that one embedder made, with the named emotions in it, and what a prior resembles."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dicetalk.checkpoints import CONFIG, open_checkpoint
from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling
from dicetalk.emotion.priors import LIKENESS, Prior, likeness, mixture, read_priors
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError

KIND, VERSION = "embedder", 4
WEIGHTS, PRIORS = "embedder.safetensors", "priors.safetensors"
SHIPPED = Path(__file__).parents[1] / "weights" / "embedder"

SHARP = 0.1
"""Temperature of the mixture that stands for a voice, at which hearing is taught."""

LEAST_SHARE = 0.15
"""Of a likeness; what resembles less is left out of the feeling."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """How much a prior resembles each of some names.

    Attributes:
        shares: 0 to 1, together 1.
        names: which those are.
    """

    shares: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it resembles most."""
        return self.names[self.shares.index(self.confidence)]

    @property
    def confidence(self) -> float:
        """How much it resembles that, 0 to 1."""
        return max(self.shares)

    def ranked(self) -> list[tuple[str, float]]:
        """Names and shares, what it resembles most first."""
        return sorted(zip(self.names, self.shares, strict=True), key=lambda pair: -pair[1])

    def strengths(self, whole: float) -> dict[str, float]:
        """The clear ones among its shares as a mixture without neutral; a share of 1 would get the strength `whole`."""
        clear = {name: share for name, share in self.ranked() if name != NEUTRAL and share >= LEAST_SHARE}
        # Thousandths, never rounded up: together they would be more than all of it. 0.8 x 0.7 is 0.56 all the same.
        return {name: math.floor(1000 * whole * share + 1e-6) / 1000 for name, share in clear.items()}

    def __str__(self) -> str:
        """The first three, as in `happy 0.62, surprised 0.20, neutral 0.09`."""
        return ", ".join(f"{name} {share:.2f}" for name, share in self.ranked()[:3])


@dataclass(frozen=True, eq=False)
class Space:
    """A space of priors.

    Attributes:
        name: of the space; priors can be compared if they lie in spaces of one name.
        priors: of the named emotions, neutral among them.
    """

    name: str
    priors: Mapping[str, Prior]

    def offset(self, parts: Sequence[tuple[Prior, float]]) -> Prior:
        """Priors as offsets from neutral, each scaled by its strength and added up; spreads likewise."""
        neutral = self.priors[NEUTRAL]
        mean, std = neutral.mean.copy(), neutral.std.copy()
        for prior, strength in parts:
            mean += np.float32(strength) * (prior.mean - neutral.mean)
            std += np.float32(strength) * (prior.std - neutral.std)
        return Prior(mean, std)

    def prior_of(self, feeling: Feeling) -> Prior:
        """Where a feeling lies: its own prior, or that of its names; a name without a prior counts as neutral."""
        if feeling.prior is not None:
            return feeling.prior
        return self.offset([(self.priors[name], s) for name, s in feeling.strengths.items() if name in self.priors])

    def likeness(self, prior: Prior, names: Sequence[str] = NAMES, temperature: float = LIKENESS) -> Likeness:
        """What a prior resembles among some names, as far as they lie in this space; surer at a lower temperature.

        Raises:
            CheckpointError: it is of another width.
        """
        width = len(self.priors[NEUTRAL].mean)
        if prior.mean.shape != (width,):
            raise CheckpointError(f"the emotion has {len(prior.mean)} numbers; this embedder's have {width}")
        there = tuple(name for name in names if name in self.priors)
        shares = likeness(prior.mean[None], self.priors, there, temperature)[0]
        return Likeness(tuple(shares.tolist()), there)

    def among(self, prior: Prior, names: Sequence[str]) -> Prior:
        """The mixture of named emotions that a prior resembles: what else a voice holds tells who speaks."""
        there = [name for name in names if name in self.priors]
        shares = likeness(prior.mean[None], self.priors, there, SHARP)[0]
        return mixture([self.priors[name] for name in there], shares)

    def feeling(self, prior: Prior, likeness: Likeness, why: str, whole: float = DEFAULT_STRENGTH) -> Feeling:
        """The feeling of a prior, as it is, and of the names it resembles, at the strength `whole` in all."""
        named = Feeling.of(likeness.strengths(whole).items())
        return Feeling(named.weights, named.intensity, min(likeness.confidence, 1.0), why, prior, self)


def open_space(folder: Path) -> Space:
    """The space of an embedder's checkpoint.

    Raises:
        CheckpointError: not an embedder's folder with priors, or a damaged one.
    """
    config = open_checkpoint(folder, KIND, VERSION).config
    weights, priors = _weights(folder / WEIGHTS), read_priors(folder / PRIORS)
    if config.get("space") != space_of(weights):
        raise CheckpointError(f"{folder / WEIGHTS} is not the file that {CONFIG} was written for; get both again")
    vocabulary = config.get("vocabulary", ())
    absent = [name for name in (NEUTRAL, *vocabulary) if name not in priors]
    if absent:
        there = ", ".join(vocabulary)
        raise CheckpointError(f"{folder / PRIORS} has no prior of {absent[0]!r}; expected all of {there}")
    return Space(config["space"], priors)


def _weights(path: Path) -> bytes:
    if not path.is_file():
        raise CheckpointError(f"no file {path.name} in {path.parent}; the checkpoint is not complete")
    return path.read_bytes()


def space_of(weights: bytes) -> str:
    """The name of an embedder's space: 16 hexadecimal digits that tell the content of its file of weights."""
    return hashlib.sha256(weights).hexdigest()[:16]


@cache
def shipped_space() -> Space:
    """The space of the embedder that ships."""
    return open_space(SHIPPED)
