"""How lips follow true phones, of motion alone: what `motion.py` counts in each clip.

The gap is that of the middle pair of points of the inner lips, in distances between the eyes. Every measure is a pair,
what was found and out of how many, so that clips can be put together and drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from motion_clips import times

from dicetalk.arrays import Float64, UInt8
from dicetalk.evaluation.head_motion import Range
from dicetalk.motion.basis import emphasis, face_shapes, lip_parting
from dicetalk.motion.landmarks import LOWER_LIP
from dicetalk.motion.space import Motion
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.speech.broad import BITING, CLOSED, MIN_SILENCE, OPENING, PHONES, SILENCE
from dicetalk.speech.grid import runs

SHUT = 0.02
"""Lips less far apart are shut [inter-ocular distances]."""
NEAR = 2
"""Hops before and after a phone that belong to it."""
REST = 10
"""Hops at both ends of a pause that do not."""
MIDDLE = len(LOWER_LIP) // 2
"""The middle point of a lip."""
ROLLED, RAISED = 0.2, 0.08
"""The lower lip meets the teeth where it is rolled in so far, and no further below its rest."""
LATEST = 20
"""Hops by which lips are let lag or lead."""
VOWELS = tuple(PHONES.index(name) for name in ("I", "E", "EH", "A", "AO", "O", "U", "UE", "AX"))
OPEN_VOWELS = tuple(phone for phone in VOWELS if OPENING[phone] > 0.3)
DRAWS = 1000

Found = dict[str, tuple[float, float]]


def gap(motion: Motion) -> Float64:
    """(4 T,) how far the lips are apart in each hop."""
    return on_hops(np.maximum(motion.shapes @ lip_parting()[:, MIDDLE - 1], 0))


def on_hops(values: Float64) -> Float64:
    """Values (T,) of the frames' middles in the middles of hops (4 T,)."""
    hops = (np.arange(4 * len(values)) + 0.5) / HOPS_PER_SECOND
    return np.interp(hops, times(len(values)), values)


def lower_lip(motion: Motion) -> Float64:
    """(T,) how far below its rest the middle of the inner lower lip is, against the teeth of the upper jaw."""
    down = face_shapes()["delta"][:, LOWER_LIP[MIDDLE], 1] * emphasis()
    return np.asarray(motion.shapes @ down)


def measure(motion: Motion, phones: UInt8, ceiling: Motion) -> Found:
    """All measures of a clip (T frames), whose true phones are (4 T,), beside the ceiling's motion."""
    lips, best = gap(motion), gap(ceiling)
    found = {
        "closure": closure(lips, phones),
        "false closure": false_closure(lips, phones),
        "f v contact": contact(motion, phones),
        "shut in pauses": shut_in_pauses(lips, phones),
        "opening r": opening_r(lips, best),
        "lag": lag(lips, best),
    }
    return found | {f"gap of {PHONES[vowel]}": vowel_gap(lips, phones, vowel) for vowel in VOWELS}


def spans(phones: UInt8, chosen: Sequence[int]) -> Iterator[slice]:
    """Stretches of hops in which one of some phones is said."""
    inside = np.isin(phones, chosen)
    yield from (slice(start, stop) for start, stop in runs(inside) if inside[start])


def near(span: slice) -> slice:
    return slice(max(span.start - NEAR, 0), span.stop + NEAR)


def middle(span: slice) -> slice:
    """Its middle half."""
    edge = (span.stop - span.start) // 4
    return slice(span.start + edge, span.stop - edge)


def closure(lips: Float64, phones: UInt8) -> tuple[float, float]:
    hits = [lips[near(span)].min() < SHUT for span in spans(phones, CLOSED)]
    return sum(hits), len(hits)


def false_closure(lips: Float64, phones: UInt8) -> tuple[float, float]:
    shut = [lips[middle(span)].max() < SHUT for vowel in OPEN_VOWELS for span in spans(phones, [vowel])]
    return sum(shut), len(shut)


def contact(motion: Motion, phones: UInt8) -> tuple[float, float]:
    rolled, low = on_hops(motion.column("mouthRollLower")), on_hops(lower_lip(motion))
    meets = (rolled > ROLLED) & (low < RAISED)
    hits = [meets[near(span)].any() for span in spans(phones, [BITING])]
    return sum(hits), len(hits)


def shut_in_pauses(lips: Float64, phones: UInt8) -> tuple[float, float]:
    """Hops, of all."""
    pauses = [span for span in spans(phones, [SILENCE]) if span.stop - span.start >= MIN_SILENCE]
    inner = [lips[span.start + REST : span.stop - REST] < SHUT for span in pauses]
    return sum(int(hops.sum()) for hops in inner), sum(len(hops) for hops in inner)


def vowel_gap(lips: Float64, phones: UInt8, vowel: int) -> tuple[float, float]:
    gaps = [float(lips[middle(span)].mean()) for span in spans(phones, [vowel])]
    return sum(gaps), len(gaps)


def opening_r(lips: Float64, best: Float64) -> tuple[float, float]:
    if min(lips.std(), best.std()) < 1e-6:
        return 0.0, 0
    return float(np.corrcoef(lips, best)[0, 1]), 1


def lag(lips: Float64, best: Float64) -> tuple[float, float]:
    """By how much lips come after the ceiling's [ms], where both go together best."""
    if min(lips.std(), best.std()) < 1e-6:
        return 0.0, 0
    inner = best[LATEST : len(best) - LATEST]
    ties = [np.corrcoef(lips[shift : shift + len(inner)], inner)[0, 1] for shift in range(2 * LATEST + 1)]
    return (int(np.argmax(ties)) - LATEST) * 1000 / HOPS_PER_SECOND, 1


def together(pairs: Sequence[tuple[float, float]]) -> Range | None:
    """What was found of all there is in N clips, with its 95 % interval over clips; None where there is nothing."""
    counts = np.array(pairs, np.float64)
    if not len(counts) or counts[:, 1].sum() == 0:
        return None
    picks = np.random.default_rng(0).integers(len(counts), size=(DRAWS, len(counts)))
    found, of = np.moveaxis(counts[picks].sum(1), 1, 0)
    low, high = np.percentile(found[of > 0] / of[of > 0], [2.5, 97.5])
    return Range(float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high))


def column(clips: Sequence[Found], name: str) -> Range | None:
    return together([found[name] for found in clips])
