"""How a head moves while it speaks, in statistics that sets of clips can be compared by: spectra, ties to the voice.

Clips differ far more than anything a generator adds: a distance is read beside the distance of real clips from each
other. Sets are compared fairly when their clips are about equally long, best the same sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.signal import csd, welch

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.motion.space import POSE
from dicetalk.rates import FPS
from dicetalk.speech import Speech

CHANNELS = POSE[:5]
"""What is compared; the distance to the camera is not read off videos."""

FREQUENCIES = np.geomspace(0.1, 5.0, 18)
"""[Hz] where spectra are read."""

SEGMENT = round(5.0 * FPS)
"""Frames of a stretch whose spectrum is taken, of shorter clips all."""

BEATS = round(2.56 * FPS)
"""Frames of a stretch over which motion and voice are laid beside each other: three at least in four seconds."""

SYLLABLES = (0.5, 3.0)
"""[Hz] in which nods and voice go together."""

LATEST = round(0.4 * FPS)
"""Frames by which a head is let come before or after the voice."""

TINY = 1e-9
"""Power density [rad^2 / Hz]: a head that does not move has a spectrum, too. What reads videos shakes more."""

STILL = 1e-6
"""What turns less all in all holds still [rad]."""

DRAWS = 1000


@dataclass(frozen=True, eq=False)
class HeadClip:
    """One speaker's head and voice, of two seconds at least.

    Attributes:
        pose: (T, 6) as `motion.space.POSE`, 25 a second.
        loudness: (T,) as `Speech.loudness`.
        pitch: (T,) [Hz], 0 where there is no voice.
    """

    pose: Float64
    loudness: Float64
    pitch: Float64


def head_clip(pose: Float32 | Float64, speech: Speech) -> HeadClip:
    """A head (T, 6) and what it says, as much as there is of both."""
    frames = min(len(pose), speech.frames)
    head, loudness, pitch = (row[:frames].astype(np.float64) for row in (pose, speech.loudness, speech.pitch))
    return HeadClip(head, loudness, pitch)


@dataclass(frozen=True)
class Range:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """`0.61 (0.55 to 0.67)`."""
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


def log_spectrum(pose: Float64) -> Float64:
    """(5, 18) log10 power density of each of `CHANNELS` at `FREQUENCIES`, of a pose (T, 6)."""
    length = min(len(pose), SEGMENT)
    at, power = welch(pose[:, : len(CHANNELS)], FPS, nperseg=length, nfft=2 * SEGMENT, axis=0)
    logs = np.log10(power[1:] + TINY)
    return np.array([np.interp(np.log(FREQUENCIES), np.log(at[1:]), column) for column in logs.T])


def spectra(clips: Sequence[HeadClip]) -> Float64:
    """(N, 5, 18) the `log_spectrum` of each clip."""
    return np.array([log_spectrum(clip.pose) for clip in clips])


def distance(one: Float64, other: Float64) -> float:
    """Of two sets of spectra (N, 5, 18): RMS over channels and frequencies of what their means differ by [log10]."""
    return float(np.sqrt(((one.mean(0) - other.mean(0)) ** 2).mean()))


def floor(real: Float64, draws: int = DRAWS, seed: int = 0) -> Range:
    """Median and 95 % of the distances of one half of a set (N, 5, 18) from the other, over random halves."""
    rng = np.random.default_rng(seed)
    orders = (rng.permutation(len(real)) for _ in range(draws))
    half = len(real) // 2
    found = [distance(real[order[:half]], real[order[half:]]) for order in orders]
    return _range(float(np.median(found)), found)


def mean_over(measure: Callable[[HeadClip], float], clips: Sequence[HeadClip], draws: int = DRAWS) -> Range:
    """The mean of a measure over clips, with its interval by bootstrap over clips."""
    values = np.array([measure(clip) for clip in clips])
    picks = np.random.default_rng(0).integers(len(values), size=(draws, len(values)))
    return _range(float(values.mean()), values[picks].mean(1))


def _range(value: float, spread: Sequence[float] | Float64) -> Range:
    low, high = np.percentile(spread, [2.5, 97.5])
    return Range(value, float(low), float(high))


def turning(clip: HeadClip) -> Float64:
    """(T,) how fast the head turns [rad/s]."""
    return np.asarray(np.linalg.norm(np.gradient(clip.pose[:, :3], 1 / FPS, axis=0), axis=1))


def moving(clip: HeadClip) -> Bool:
    """(3,) which of yaw, pitch and roll do not hold still."""
    return np.asarray(np.ptp(clip.pose[:, :3], axis=0) >= STILL)


def nod_coherence(clip: HeadClip) -> float:
    """Mean squared coherence of head pitch and loudness over `SYLLABLES`, 0 to 1; see `strangers` for chance."""
    return _coherence(clip.pose[:, 1], clip.loudness)


def turning_coherence(clip: HeadClip) -> float:
    """The same of the speed of turning and loudness."""
    return _coherence(turning(clip), clip.loudness)


def _coherence(one: Float64, other: Float64) -> float:
    length = min(len(one) // 2, BEATS)
    cross = partial(csd, fs=FPS, nperseg=length, noverlap=3 * length // 4)
    at, both = cross(one, other)
    power = cross(one, one)[1].real * cross(other, other)[1].real
    inside = (at >= SYLLABLES[0]) & (at <= SYLLABLES[1])
    return float((np.abs(both) ** 2 / np.maximum(power, 1e-30))[inside].mean())


def stirring(clip: HeadClip) -> float:
    """Correlation of the speed of turning with loudness: heads move while their voices do, and rest with them."""
    return _correlation(_around(turning(clip)), _around(clip.loudness))


def _around(values: Float64) -> Float64:
    """Means (T - 12,) of half a second."""
    return np.convolve(values, np.ones(FPS // 2 + 1) / (FPS // 2 + 1), mode="valid")


def lift(clip: HeadClip) -> float:
    """How far the head's pitch goes with the voice's height, a correlation over voiced frames; negative: it rises."""
    voiced = clip.pitch > 0
    return _correlation(clip.pose[voiced, 1], np.log(clip.pitch[voiced]))


def _correlation(one: Float64, other: Float64) -> float:
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 0 else 0.0


def correlogram(clips: Sequence[HeadClip], channel: str = "pitch") -> Float64:
    """(21,) mean correlation of a channel with loudness, the head from 10 frames before the voice to 10 after it."""
    rows = [_correlogram(clip.pose[:, POSE.index(channel)], clip.loudness) for clip in clips]
    return np.asarray(np.mean(rows, axis=0))


def _correlogram(head: Float64, voice: Float64) -> Float64:
    inner = voice[LATEST : len(voice) - LATEST]
    return np.array([_correlation(head[lag : lag + len(inner)], inner) for lag in range(2 * LATEST + 1)])


def jerkiness(clip: HeadClip) -> float:
    """Excess kurtosis of the velocities of yaw, pitch and roll, of those of them that move, which one must.

    0 for noise, above it for rest with sudden moves.
    """
    steps = np.diff(clip.pose[:, :3][:, moving(clip)], axis=0)
    steps = steps - steps.mean(0)
    return float(((steps**4).mean(0) / np.maximum((steps**2).mean(0) ** 2, 1e-30) - 3).mean())


def strangers(clips: Sequence[HeadClip]) -> list[HeadClip]:
    """Each head with the voice of every other clip, repeated to its length: what chance brings; N -> N (N - 1)."""
    return [_with_voice(one, other) for one in clips for other in clips if one is not other]


def _with_voice(one: HeadClip, other: HeadClip) -> HeadClip:
    frames = len(one.pose)
    return replace(one, loudness=np.resize(other.loudness, frames), pitch=np.resize(other.pitch, frames))


def liveliness_spread(found: Float64) -> tuple[float, float]:
    """How far clips differ in how much heads move, of spectra (N, 5, 18), as a logarithm of amplitudes.

    Returns:
        the standard deviation of what channels have in common, and of what each has of its own.
    """
    amplitudes = np.log(10) / 2 * (found.mean(2) - found.mean((0, 2)))
    all_of_it = amplitudes.mean(1)
    return float(all_of_it.std()), float((amplitudes - all_of_it[:, None]).std())


def together(clips: Sequence[HeadClip]) -> Float64:
    """(5, 5) mean over clips of how `CHANNELS` correlate."""
    return np.asarray(np.mean([np.corrcoef(clip.pose[:, : len(CHANNELS)].T) for clip in clips], axis=0))
