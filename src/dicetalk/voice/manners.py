"""How a voice changes when somebody feels something: means over people, as `training.manners` finds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS
from dicetalk.voice.world import RATE

SHIPPED = WEIGHTS / "manners" / "manners.safetensors"
"""The manners that come with the package."""

MOVED = tuple(name for name in HEARD if name != NEUTRAL)
"""Emotions that a voice can be moved towards: no corpus has a voice of contempt."""

BANDS = 24
"""Of the spectrum, evenly spaced in mel up to `RATE` / 2."""

SCALARS = ("height", "span", "pace", "rest")
"""The first columns of a row, see `Manner`; then come the level and the bands of the spectrum at each of `RANKS`,
and the bands of the breath."""
RANKS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of steps by their loudness among all that is said, 0 the softest: who shouts makes vowels louder than the rest."""
COLUMNS = len(SCALARS) + len(RANKS) + (len(RANKS) + 1) * BANDS

ACTED = (0.0, 0.6, 1.0)
"""Amounts of the rows of the table: nothing, as RAVDESS' actors play it "normal", and "strong"."""

MOST = 1.6
"""The largest amount: what lies beyond what was acted is guessed on a straight line, and soon sounds like nobody."""


ROUGH = 0.04
"""Of the logarithm of the pitch, deviation from one step to the next at amount 1: an aroused voice is less regular."""


@dataclass(frozen=True, eq=False)
class Manner:
    """How far a voice lies from its own neutral one, step by step.

    Attributes:
        height: (T,) of the logarithm of the pitch.
        span: (T,) logarithm of what distances from the median pitch are multiplied by.
        pace: (T,) logarithm of what the length of speech is multiplied by.
        rest: (T,) the same of pauses.
        levels: (R, T) of the level [dB], were the step of each of `RANKS`.
        spectra: (R, T, K) of the envelope [dB], were the step of each of `RANKS`.
        breath: (T, K) of the aperiodicity [dB].
        rough: (T,) deviation of the logarithm of the pitch from one step to the next.
    """

    height: Float64
    span: Float64
    pace: Float64
    rest: Float64
    levels: Float64
    spectra: Float64
    breath: Float64
    rough: Float64


@dataclass(frozen=True, eq=False)
class Manners:
    """What was learned.

    Attributes:
        table: (E, 2, COLUMNS) distances from neutral of each of `MOVED`, at the amounts of `ACTED` behind the first.
    """

    table: Float64

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Manners:
        """Those that come with the package, or of another file.

        Raises:
            CheckpointError: the file is missing or damaged, or holds something else.
        """
        try:
            table = load_file(path)["manners"].astype(np.float64)
        except (OSError, SafetensorError, KeyError) as error:
            raise CheckpointError(f"{path} holds no manners of voices ({error}); install DiceTalk again") from error
        if table.shape != (len(MOVED), len(ACTED) - 1, COLUMNS) or not np.isfinite(table).all():
            raise CheckpointError(f"{path} holds manners of shape {table.shape}; install DiceTalk again")
        return cls(table)

    def rows(self, amounts: Float64) -> Float64:
        """(T, COLUMNS) distances from neutral at amounts (T, E), 0 to `MOST`; what lies between was drawn straight."""
        return sum(
            (_between(amounts[:, number], self.table[number]) for number in range(len(MOVED))),
            start=np.zeros((len(amounts), COLUMNS)),
        )

    def manner(self, amounts: Float64, bins: int) -> Manner:
        """The manner at amounts (T, E), for envelopes of so many bins."""
        rows = self.rows(amounts)
        first = len(SCALARS) + len(RANKS)
        scalars, levels, *bands = np.split(rows, [len(SCALARS), *range(first, COLUMNS, BANDS)], axis=1)
        *spectra, breath = (spread(some, bins) for some in bands)
        height, span, pace, rest = scalars.T
        rough = ROUGH * amounts.sum(axis=1)
        return Manner(height, span, pace, rest, levels.T, np.stack(spectra), breath, rough)


def _between(amounts: Float64, acted: Float64) -> Float64:
    """Rows (T, COLUMNS) of one emotion at amounts (T,): on the line through neutral and `acted` (2, COLUMNS)."""
    normal, strong = acted
    first = np.minimum(amounts, ACTED[1])[:, None] / ACTED[1]
    second = np.maximum(amounts - ACTED[1], 0)[:, None] / (ACTED[2] - ACTED[1])
    rows: Float64 = first * normal + second * (strong - normal)
    return rows


@cache
def centres() -> Float64:
    """(BANDS,) where the bands lie [Hz]."""
    hertz: Float64 = _hertz(np.linspace(0, _mel(RATE / 2), BANDS + 2)[1:-1])
    return hertz


@cache
def weights(bins: int) -> Float64:
    """(bins, BANDS) triangles that take means over bands, columns of sum 1."""
    place = _mel(np.linspace(0, RATE / 2, bins))
    middles, width = _mel(centres()), _mel(RATE / 2) / (BANDS + 1)
    triangles = np.maximum(1 - np.abs(place[:, None] - middles) / width, 0)
    means: Float64 = triangles / triangles.sum(axis=0)
    return means


def spread(rows: Float64, bins: int) -> Float64:
    """Rows (T, BANDS) over all bins (T, bins), straight between the middles of bands."""
    hertz, middles = np.linspace(0, RATE / 2, bins), centres()
    after = np.clip(np.searchsorted(middles, hertz), 1, BANDS - 1)
    share = np.clip((hertz - middles[after - 1]) / (middles[after] - middles[after - 1]), 0, 1)
    over: Float64 = rows[:, after - 1] * (1 - share) + rows[:, after] * share
    return over


def _mel(hertz: Float64 | float) -> Float64:
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz, np.float64) / 700))


def _hertz(mel: Float64) -> Float64:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


@cache
def shipped_manners() -> Manners:
    """`Manners.load()`, once."""
    return Manners.load()
