"""How feelings show in motion: what `motion.py` measures of strengths, of reading back, of own emotions, of keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from motion_clips import STRONG, Clip, Mover, feeling, times
from motion_lips import Found, closure, gap

from dicetalk.acting.postures import posture_shapes
from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.road import EmotionTrack, PriorTrack, track
from dicetalk.emotion.timeline import DEFAULT_FADE, Timeline
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.motion.space import SHAPES, Motion

FEELINGS = tuple(name for name in NAMES if name != NEUTRAL)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
ALL = (*STRENGTHS[1:], STRONG)
FEWER = 0.01
"""A step of strength may lose so much of a whole posture and still be told as none."""
SHOWN = ("brow", "cheekSquint", "eyeSquint", "eyeWide", "noseSneer", "mouthSmile", "mouthFrown", "mouthDimple",
         "mouthStretch")  # fmt: skip
"""What shows a feeling: the upper face without lids that blink, and the corners of the mouth."""
COLUMNS = np.array([name.startswith(SHOWN) for name in SHAPES])
UPPER = COLUMNS & np.array([not name.startswith("mouth") for name in SHAPES])
REACHED = 0.8
"""Of the way to another feeling."""
PAIRS = (("happy", "angry"), ("sad", "surprised"), ("fear", "happy"), ("disgusted", "surprised"))
"""Of which own emotions are made."""
OFF = 0.3
"""How far an own emotion lies beside what its names make, as a share of how far that is from neutral."""
TINY = 1e-12

Acted = Mapping[tuple[str, float], Motion]
"""A clip in every feeling and strength."""


def acted(mover: Mover, clip: Clip, strengths: Sequence[float] = ALL) -> dict[tuple[str, float], Motion]:
    """A clip in every feeling and some strengths, and in none; nothing felt is the same for all feelings."""
    nothing = mover(clip, clip.sound, feeling(clip.frames, NEUTRAL, 0.0))
    found = {(name, 0.0): nothing for name in FEELINGS}
    for name in FEELINGS:
        for strength in strengths:
            found[name, strength] = mover(clip, clip.sound, feeling(clip.frames, name, strength))
    return found


def posture(name: str) -> Float64:
    """What a feeling's posture does to the shapes that show it."""
    return posture_shapes(np.eye(len(NAMES))[[NAMES.index(name)]])[0, COLUMNS]


def intensity(motion: Motion, neutral: Motion, name: str) -> float:
    """How far a clip has gone from neutral towards a posture, 1 is all the way."""
    gone = (motion.shapes.mean(0) - neutral.shapes.mean(0))[COLUMNS]
    return float(gone @ posture(name) / (posture(name) @ posture(name)))


def strengths(clip: Clip, moved: Acted) -> Found:
    """Intensity by strength, how many feelings grow, and how many closures strength 1 costs."""
    rows = np.array([[intensity(moved[name, s], moved[name, 0.0], name) for s in STRENGTHS] for name in FEELINGS])
    sums = zip(STRENGTHS, rows.sum(0).tolist(), strict=True)
    found: Found = {f"intensity at {strength:g}": (total, len(FEELINGS)) for strength, total in sums}
    found["grows"] = int((np.diff(rows, axis=1) > -FEWER).all(1).sum()), len(FEELINGS)
    hits = [[closure(gap(moved[name, s]), clip.phones) for s in (0.0, 1.0)] for name in FEELINGS]
    found["closure lost"] = sum(calm[0] - full[0] for calm, full in hits), sum(calm[1] for calm, _ in hits)
    return found


def read(motion: Motion) -> Prior:
    """What the shipped embedder sees in a motion."""
    return shipped_embedder().embed(None, np.column_stack([motion.shapes, motion.pose]))


def is_read(motion: Motion, name: str) -> bool:
    return shipped_embedder().space.likeness(read(motion)).name == name


def recognised(moved: Acted, strength: float = STRONG) -> Found:
    """How often each feeling is read for what it is, and all of them."""
    right = {name: (float(is_read(moved[name, strength], name)), 1) for name in FEELINGS}
    return {"of seven": (sum(hit for hit, _ in right.values()), len(right)), **right}


@dataclass(frozen=True, eq=False)
class Own:
    """An own emotion.

    Attributes:
        kind: how it was made.
        mean: (256,) where it lies.
    """

    kind: str
    mean: Float32

    def track(self, frames: int, *, by_names: bool) -> EmotionTrack:
        """What is felt: the vector itself, or the names that it resembles."""
        space = shipped_embedder().space
        found = Prior(self.mean, np.zeros_like(self.mean))
        weights = np.tile(space.feeling(found, space.likeness(found), "", 1.0).mixture(), (frames, 1))
        if by_names:
            return EmotionTrack(weights)
        known = PriorTrack(np.tile(self.mean, (frames, 1)), np.zeros((frames, len(self.mean)), np.float32), space.name)
        return EmotionTrack(weights, priors=known)

    def likeness(self, motion: Motion) -> float:
        """Cosine of what is read to what was asked for, both from neutral."""
        neutral = shipped_embedder().space.priors[NEUTRAL].mean
        asked, got = self.mean - neutral, read(motion).mean - neutral
        return float(asked @ got / (np.linalg.norm(asked) * np.linalg.norm(got) + TINY))


def own_emotions(clip: Clip, ceiling: Acted) -> Iterator[Own]:
    """Vectors beside those of two names; and those of faces whose halves feel differently, as an embedder sees them."""
    space, rng = shipped_embedder().space, np.random.default_rng([clip.seed, 3])
    for one, other in PAIRS:
        between = space.offset([(space.priors[one], 0.5), (space.priors[other], 0.5)]).mean
        far = np.linalg.norm(between - space.priors[NEUTRAL].mean)
        beside = rng.normal(size=len(between))
        yield Own("between two names", np.float32(between + OFF * far * beside / np.linalg.norm(beside)))
        yield Own("a face of two halves", read(halves(ceiling[one, 1.0], ceiling[other, 1.0])).mean)


def halves(above: Motion, below: Motion) -> Motion:
    """A face with the upper half of one and the lower half of another."""
    shapes = below.shapes.copy()
    shapes[:, UPPER] = above.shapes[:, UPPER]
    return Motion(shapes, above.pose)


def own(mover: Mover, clip: Clip, asked: list[Own], *, by_names: bool) -> Found:
    """Cosines to what was asked for, by kind."""
    found: Found = {}
    for each in asked:
        moved = mover(clip, clip.sound, each.track(clip.frames, by_names=by_names))
        total, count = found.get(each.kind, (0.0, 0))
        found[each.kind] = total + each.likeness(moved), count + 1
    return found


def keys(mover: Mover, clip: Clip, moved: Acted) -> Found:
    """How long after its key a feeling is reached [s], after a hard cut and after a fade that ends there."""
    found: Found = {}
    for fade in (0.0, DEFAULT_FADE):
        late = [reached(mover, clip, moved, name, fade) for name in FEELINGS]
        found["cut" if fade == 0 else "fade"] = sum(late), len(late)
        found["cut in time" if fade == 0 else "fade in time"] = sum(each <= 0.2 for each in late), len(late)
    return found


def reached(mover: Mover, clip: Clip, moved: Acted, name: str, fade: float) -> float:
    """Time from the key in the middle of a clip to most of the way [s]; to the end where it is never gone."""
    middle = clip.frames // 2
    when = middle / 25
    changes = Timeline([(0.0, NEUTRAL), (when, f"{name}:{STRONG}")], fade)
    change = mover(clip, clip.sound, track(changes, times(clip.frames)))
    start = middle - round(fade * 25)
    gone = way(change, moved[name, 0.0], moved[name, STRONG])[start:] >= REACHED
    first = int(gone.argmax()) if gone.any() else len(gone)
    return float(times(clip.frames + 1)[start + first] - when)


def way(change: Motion, before: Motion, after: Motion) -> Float64:
    """(T,) how far the upper face has gone in each frame from what it was before to what it is after a change."""
    whole, part = (each.shapes[:, UPPER] - before.shapes[:, UPPER] for each in (after, change))
    return np.asarray((whole * part).sum(1) / ((whole**2).sum(1) + TINY))
