"""What tells how much effort is in a voice, whatever the level it was recorded at: numbers of a stretch of frames.

Who speaks with more effort speaks higher, and the higher tones of the voice grow more than its lower ones: the tilt of
the spectrum, the first harmonic beside the others and beside the formants (Traunmueller and Eriksson, JASA 107(6),
2000; Eyben et al., "The Geneva minimalistic acoustic parameter set", IEEE Trans. Affective Computing 7(2), 2016). How
loud a recording is, and how much noise lies below, tell of the microphone, so neither is looked at; nor is its length.
"""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.speech.grid import runs
from dicetalk.voice.frames import BANDS, PARTIALS, Frames

LEAST_VOICED = 10
"""Frames with a pitch, less than which tell nothing."""
SEMITONES_FROM = 100.0
"""The pitch [Hz] that others are told from."""
LOUDER = 2 / 3
"""Share of the voiced frames that are softer than the loud ones."""
LEAP = 3.0
"""Larger steps of pitch in 10 ms are no melody [semitones]."""

PITCH = ("mean", "deviation", "tenth", "median", "ninth tenth", "highest fiftieth", "step", "range")
RATIOS = (
    *(f"first above harmonic {n}" for n in range(2, PARTIALS + 1)),
    *(f"first above formant {n}" for n in range(1, 5)),
    "formant 1 above formant 3",
)
TEMPO = (
    "voiced share", "spoken share", "voices a second", "length of a voice", "change of the spectrum", "swells a second",
)  # fmt: skip
_BANDS = tuple(f"band {n}" for n in range(1, BANDS + 1))
GROUPS: dict[str, tuple[str, ...]] = {
    "pitch": PITCH,
    "loud": _BANDS,
    "voiced": _BANDS,
    "unvoiced": _BANDS,
    "rise": _BANDS,
    "harmonics": RATIOS,
    "tempo": TEMPO,
}
"""Names of the numbers, by group, in their order."""
WIDTH = sum(map(len, GROUPS.values()))


def effort(frames: Frames) -> Float64 | None:
    """The numbers (`WIDTH`,) of a stretch of frames; None where there is too little voice in it."""
    voiced, speaking = frames.voiced, frames.speaking
    if voiced.sum() < LEAST_VOICED:
        return None
    energy = frames.energy[voiced].astype(np.float64)
    loud = voiced & (frames.energy >= np.quantile(energy, LOUDER))
    groups = [
        _pitch(frames.pitch),
        _balance(frames.bands[loud]),
        _balance(frames.bands[voiced]),
        _balance(frames.bands[speaking & ~voiced]),
        _rise(frames.bands[voiced], energy),
        _harmonics(frames.peaks[voiced]),
        _tempo(frames, voiced, speaking),
    ]
    return np.concatenate(groups)


def _pitch(hertz: Float32) -> Float64:
    """`PITCH` of a pitch (T,) [Hz], in semitones."""
    tones = 12 * np.log2(np.maximum(hertz, 1).astype(np.float64) / SEMITONES_FROM)
    steps = np.abs(np.diff(tones))[(hertz[1:] > 0) & (hertz[:-1] > 0)]
    melody = steps[steps < LEAP]
    sung = tones[hertz > 0]
    low, middle, high, highest = np.quantile(sung, [0.1, 0.5, 0.9, 0.98])
    step = melody.mean() if len(melody) else 0.0
    return np.array([sung.mean(), sung.std(), low, middle, high, highest, step, high - low])


def _balance(bands: Float32) -> Float64:
    """(24,) how loud each band is beside the others, on average over frames (T, 24) [dB]; 0 where there are none."""
    if not len(bands):
        return np.zeros(BANDS)
    mean = bands.mean(axis=0, dtype=np.float64)
    return np.asarray(mean - mean.mean())


def _rise(bands: Float32, energy: Float64) -> Float64:
    """(24,) how much more each band grows than all do, where the voice swells [dB a dB]."""
    swell = energy - energy.mean()
    return np.asarray(swell @ (bands - energy[:, None]) / max(float(swell @ swell), 1.0))


def _harmonics(peaks: Float32) -> Float64:
    """`RATIOS` of peaks (T, 8), on average [dB]."""
    mean = peaks.mean(axis=0, dtype=np.float64)
    return np.append(mean[0] - mean[1:], mean[PARTIALS] - mean[PARTIALS + 2])


def _tempo(frames: Frames, voiced: Bool, speaking: Bool) -> Float64:
    """`TEMPO`: shares, times a second, logarithm of frames and dB a frame."""
    first, last = np.flatnonzero(speaking)[[0, -1]]
    span = last + 1 - first
    lengths = [stop - start for start, stop in runs(voiced) if voiced[start]]
    shape = frames.bands - frames.energy[:, None]
    change = np.abs(np.diff(shape, axis=0))[speaking[1:] & speaking[:-1]]
    return np.array(
        [
            voiced.sum() / speaking.sum(),
            speaking.sum() / span,
            len(lengths) / span * HOPS_PER_SECOND,
            np.log(np.mean(lengths)),
            change.mean() if len(change) else 0.0,
            _swells(frames.energy[first : last + 1]) / span * HOPS_PER_SECOND,
        ]
    )


def _swells(energy: Float32) -> int:
    """How often the energy (T,) [dB] swells: peaks of what is smoothed over 90 ms, at least 2 dB high."""
    from scipy.signal import find_peaks  # takes a tenth of a second to load

    smooth = np.convolve(np.pad(energy, 4, mode="edge"), np.hanning(11)[1:-1] / 5, mode="valid")
    return len(find_peaks(smooth, prominence=2.0)[0])
