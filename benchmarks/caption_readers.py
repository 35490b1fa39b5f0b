"""Readers of facial motion for the table of captions: one that ships, one taught by what the captioner learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as fn

from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.clarity import strength_of
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import SHAPES
from dicetalk.rates import FPS
from dicetalk.reading.reading import Reading, Window
from dicetalk.training.caption_clips import CaptionClip, draw_clips, known_speech, read_off

Reader = Callable[[Float32], Reading]
"""Reads motion (T, 58)."""

STEP_S, AROUND_S = 0.5, 1.2
"""Length of a window, and what is looked at around its middle [s]."""
HIDDEN, STEPS, BATCH = 64, 600, 256
CLIPS = 600
"""Half of what the captioner learns from."""


def embedded(motion: Float32) -> Reading:
    """By the embedder that ships, the face alone."""
    embedder = shipped_embedder()
    shares = []
    for rows in _around(motion):
        like = embedder.space.likeness(embedder.embed(None, rows))
        told = dict(zip(like.names, like.shares, strict=True))
        shares.append([told.get(name, 0.0) for name in NAMES])
    found = np.array(shares)
    found = found / found.sum(1, keepdims=True)
    return _reading(motion, found, strength_of(WHEEL.place(found).clarity, "face"))


def taught_reader(seed: int) -> Reader:
    """A network of one hidden layer, taught window by window by clips like those that `caption-small` learns from."""
    clips = [*draw_clips(CLIPS, seed, known_speech())]
    motions = read_off(clips, seed)
    rows = torch.tensor(np.concatenate([_rows(motion) for motion in motions]), dtype=torch.float32)
    names, strengths = (torch.tensor(np.concatenate(each)) for each in zip(*map(_truth, clips), strict=True))
    mean, spread = rows.mean(0), rows.std(0) + 0.02
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(rows.shape[1], HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, len(NAMES) + 1))
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.02)
    for _ in range(STEPS):
        chosen = torch.randint(len(rows), (BATCH,))
        found = net((rows[chosen] - mean) / spread)
        loss = fn.cross_entropy(found[:, :-1], names[chosen]) + fn.mse_loss(found[:, -1], strengths[chosen].float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()

    @torch.no_grad()
    def read(motion: Float32) -> Reading:
        found = net((torch.tensor(_rows(motion), dtype=torch.float32) - mean) / spread)
        return _reading(motion, found[:, :-1].softmax(1).double().numpy(), found[:, -1].double().numpy())

    return read


def _edges(motion: Float32) -> Float64:
    return np.linspace(0, len(motion) / FPS, max(round(len(motion) / FPS / STEP_S), 1) + 1)


def _around(motion: Float32) -> list[Float32]:
    half = round(AROUND_S * FPS / 2)
    middles = [round((start + end) / 2 * FPS) for start, end in pairwise(_edges(motion))]
    return [motion[max(middle - half, 0) : middle + half] for middle in middles]


def _rows(motion: Float32) -> Float64:
    """(W, 156) mean and quantiles of the shapes in each window."""
    shapes = [rows[:, : len(SHAPES)] for rows in _around(motion)]
    return np.array([np.concatenate([rows.mean(0), *np.percentile(rows, (20, 80), axis=0)]) for rows in shapes])


def _truth(clip: CaptionClip) -> tuple[Sequence[int], Sequence[float]]:
    """Names and strengths of a clip's windows."""
    middles = [(start + end) / 2 for start, end in pairwise(_edges(clip.motion))]
    told = [next(w for w in clip.told.windows if middle <= w.end) for middle in middles]
    return [NAMES.index(window.name) for window in told], [window.strength for window in told]


def _reading(motion: Float32, shares: Float64, strengths: Float64) -> Reading:
    windows = tuple(
        Window(start, end, tuple(row.tolist()), float(np.clip(strength, 0, 1)), float(row.max()), float(row.max()))
        for (start, end), row, strength in zip(pairwise(_edges(motion)), shares, strengths, strict=True)
    )
    return Reading(len(motion) / FPS, windows, face=windows)
