"""Heads, takes, seams and cost of motion: what `motion.py` measures beside lips and feelings."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from motion_clips import STRONG, Clip, Mover, conditions, demo_sound, feeling, open_model
from motion_lips import Found, closure, gap

from dicetalk.acting.backbone import RulesBackbone
from dicetalk.acting.puppet import Puppet
from dicetalk.arrays import Float64
from dicetalk.diffusion.channels import NOISE_BLOCK
from dicetalk.emotion.road import EmotionTrack
from dicetalk.evaluation.head_motion import (
    HeadClip,
    distance,
    floor,
    head_clip,
    mean_over,
    nod_coherence,
    spectra,
    stirring,
    turning_coherence,
)
from dicetalk.motion.space import EYES, SHAPES, Motion
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.stream import BLOCK, hear_rows

TAKES = 3
LONG_S = 600
OWN_LIFE = EYES | np.array([name.startswith("eyeBlink") for name in SHAPES])
"""Shapes (52,) of blinks and glances, which jump by themselves."""


def heads(clips: Sequence[Clip], motions: Sequence[Motion]) -> list[HeadClip]:
    return [head_clip(motion.pose, listen(clip.sound)) for clip, motion in zip(clips, motions, strict=True)]


def head_cells(ours: list[HeadClip], others: list[HeadClip]) -> list[str]:
    """Spectral distance to others, of how far halves of these are from each other, and ties to the voice."""
    far = f"{distance(spectra(ours), spectra(others)):.2f}"
    ties = [str(mean_over(measure, ours)) for measure in (nod_coherence, turning_coherence, stirring)]
    return [far, str(floor(spectra(others))), *ties]


def takes(mover: Mover, clips: Sequence[Clip]) -> tuple[float, float, float]:
    """Standard deviations over seeds: of head pose [rad], of shapes without blinks and glances, of closure."""
    moved = [[mover(_again(clip, seed), clip.sound, clip.felt) for seed in range(TAKES)] for clip in clips]
    pose = [np.std([motion.pose[:, :3] for motion in each], axis=0).mean() for each in moved]
    shapes = [np.std([motion.shapes[:, ~OWN_LIFE] for motion in each], axis=0).mean() for each in moved]
    counts = np.array([[closure(gap(m), clip.phones) for m in each] for clip, each in zip(clips, moved, strict=True)])
    shares = counts[..., 0].sum(0) / np.maximum(counts[..., 1].sum(0), 1)
    return float(np.mean(pose)), float(np.mean(shapes)), float(shares.std())


def _again(clip: Clip, seed: int) -> Clip:
    return Clip(clip.name, clip.sound, clip.phones, clip.emotion, 1000 + seed)


def seams(motion: Motion) -> Found:
    """How fast motion is where blocks of the model and of its noise meet, in 95th percentiles of how fast elsewhere."""
    row = speed(motion)
    found: Found = {}
    for every in (BLOCK, NOISE_BLOCK):
        meets = np.arange(1, len(row) + 1) % every == 0
        limit = np.percentile(row[~meets], 95)
        found[f"speed every {every}"] = float(row[meets].sum()) / max(limit, 1e-9), int(meets.sum())
        found[f"faster every {every}"] = int((row[meets] > limit).sum()), int(meets.sum())
    return found


def speed(motion: Motion) -> Float64:
    """(T - 1,) how far shapes and pose go from frame to frame, without blinks and glances."""
    rows = np.column_stack([motion.shapes[:, ~OWN_LIFE], motion.pose])
    return np.asarray(np.linalg.norm(np.diff(rows, axis=0), axis=1))


def cost(backbone: Puppet) -> dict[str, float]:
    """CPU seconds a second of sound, of hearing alone as the model does it, and seconds to the first motion."""
    sound = demo_sound()
    felt = feeling(len(sound) // 640, "happy", STRONG)
    seconds = len(sound) / SPEECH_RATE
    first = _clock(time.perf_counter, lambda: next(iter(backbone.move(conditions(sound, felt, 0)))))
    moving = _clock(time.process_time, lambda: _all(backbone, sound, felt))
    hearing = _clock(time.process_time, lambda: list(hear_rows(sound)))
    return {"front end": hearing / seconds, "all": moving / seconds, "first motion": first}


def _clock(clock: Callable[[], float], work: Callable[[], object]) -> float:
    start = clock()
    work()
    return clock() - start


def _all(backbone: Puppet, sound: np.ndarray, felt: EmotionTrack) -> int:
    return sum(len(motion) for motion in backbone.move(conditions(sound, felt, 0)))


def peaks(model: Path | None) -> tuple[float, float]:
    """Most memory [MB] of ten seconds and of ten minutes, in processes of their own."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        short, long = pool.map(_peak, [model] * 2, [10, LONG_S])
    return short, long


def _peak(model: Path | None, seconds: int) -> float:
    backbone = RulesBackbone() if model is None else open_model(model)
    sound = np.resize(demo_sound(), seconds * SPEECH_RATE)
    _all(backbone, sound, feeling(len(sound) // 640, "happy", STRONG))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
