"""LSE-D and LSE-C by a SyncNet that the user has (Chung and Zisserman 2016; Prajwal et al. 2020).

The network takes two tensors, and gives a vector for each: sound (N, 1, 13, 20), the cepstra of 0.2 s of it, and faces
(N, 3, 5, 224, 224), five frames of the square about the face, blue first, 0 to 255.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct

from dicetalk.arrays import Float32, Float64, UInt8, Waveform
from dicetalk.evaluation.given import Run
from dicetalk.rates import HOP, HOPS_PER_FRAME, SPEECH_RATE

FRAMES = 5
HOPS = FRAMES * HOPS_PER_FRAME
SIDE = 224
"""Of the faces [px]."""
FARTHEST = 15
"""Frames either way in which the voice is looked for."""
MOST = 200
"""Frames of a clip that are looked at: eight seconds."""
BATCH = 8

CEPSTRA, BANDS, FFT = 13, 26, 512
WINDOW = SPEECH_RATE // 40
EMPHASIS = 0.97
LIFTER = 22


def sync_scores(run: Run, waveform: Waveform, faces: UInt8) -> tuple[float, float] | None:
    """LSE-D, the distance of voice and face where they fit best, and LSE-C, how far the usual one is above it.

    Args:
        run: the network.
        waveform: (N,) of the clip.
        faces: (T, 224, 224, 3) RGB, 25 a second.

    Returns:
        None of a clip that is too short for it.
    """
    cepstra = mel_cepstra(waveform)
    count = min(len(faces) - FRAMES + 1, (len(cepstra) - HOPS) // HOPS_PER_FRAME + 1)
    if count <= 2 * FARTHEST:
        return None
    heard, seen = _vectors(run, cepstra, faces, count)
    lags = range(-FARTHEST, FARTHEST + 1)
    inner = range(FARTHEST, count - FARTHEST)
    distances = np.array([np.linalg.norm(seen[inner] - heard[[at + lag for at in inner]], axis=1) for lag in lags])
    means = distances.mean(1)
    return float(means.min()), float(np.median(means) - means.min())


def _vectors(run: Run, cepstra: Float64, faces: UInt8, count: int) -> tuple[Float32, Float32]:
    """What the network makes of each place in sound and pictures, both (count, D)."""
    sounds = sliding_window_view(cepstra, HOPS, axis=0)[::HOPS_PER_FRAME][:count, None]
    moving = sliding_window_view(faces[..., ::-1], FRAMES, axis=0)[:count].transpose(0, 3, 4, 1, 2)
    parts = [run([sounds[at : at + BATCH], moving[at : at + BATCH]]) for at in range(0, count, BATCH)]
    heard, seen = (np.concatenate([part[side].reshape(len(part[side]), -1) for part in parts]) for side in (0, 1))
    return heard, seen


def mel_cepstra(waveform: Waveform) -> Float64:
    """(H, 13) cepstra of windows of 25 ms, 10 ms apart, of samples (N,); the first is the logarithm of the energy."""
    crisp = np.append(waveform[:1], waveform[1:] - EMPHASIS * waveform[:-1].astype(np.float64))
    windows = sliding_window_view(np.pad(crisp, (0, max(WINDOW - len(crisp), 0))), WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(windows, FFT)) ** 2 / FFT
    tiny = np.finfo(np.float64).eps
    bands = np.log(np.maximum(power @ _triangles(), tiny))
    cepstra = dct(bands, type=2, norm="ortho", axis=1)[:, :CEPSTRA]
    cepstra *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / LIFTER)
    cepstra[:, 0] = np.log(np.maximum(power.sum(1), tiny))
    return np.asarray(cepstra)


def _triangles() -> Float64:
    """(257, 26) triangles on the mel scale, the top of each 1."""
    top = 2595 * np.log10(1 + SPEECH_RATE / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    edges = np.floor((FFT + 1) * hertz / SPEECH_RATE)
    bins = np.arange(FFT // 2 + 1)[:, None]
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    return np.asarray(np.clip(np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)), 0, None))
