"""Reading: what was read of a recording, window by window; all that is told of a video is told of this."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.checks import short
from dicetalk.emotion import timeline_file
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError, InputError
from dicetalk.rates import FPS

DIGITS = 4
"""Of a number as it is told."""


@dataclass(frozen=True)
class Window:
    """What was read of a stretch of time.

    Attributes:
        start: when it begins [s].
        end: when it is over [s].
        weights: shares of the names, in the order of `NAMES`, together 1.
        strength: how strongly it is felt, 0 (not at all) to 1.
        clarity: radius on the circle (`emotion.circle`), 0 (anything at all) to 1 (one name only).
        confidence: share of the likeliest name, 0 to 1, and 0 where nothing was read. Calibrated on no real faces: on
            drawn ones it is .05 from how often the name is right.
    """

    start: float
    end: float
    weights: tuple[float, ...]
    strength: float
    clarity: float
    confidence: float

    @property
    def name(self) -> str:
        """The likeliest name."""
        return NAMES[self.weights.index(max(self.weights))]

    @property
    def ranked(self) -> tuple[str, ...]:
        """All names, the likeliest first."""
        return tuple(NAMES[number] for number in np.argsort(-np.array(self.weights), kind="stable"))


@dataclass(frozen=True)
class Move:
    """A group of face shapes that is not as the person's neutral has it.

    Attributes:
        name: as it is told, "raised brows" say; see `reading.moves`.
        amount: how far, 0 (as at rest) to 1 (as far as faces go).
    """

    name: str
    amount: float


Windows = tuple[Window, ...]
"""One after the other without gaps, from 0 to the end."""


@dataclass(frozen=True)
class Reading:
    """What was read of a recording; all rows of windows have the same times.

    Attributes:
        seconds: how long it is [s].
        windows: face and voice together, as far as they are there; at least one.
        face: the face alone; None where none was seen.
        voice: the voice alone; None where none was heard.
        moves: of each window the moves of the face, the largest first; () where no face was seen.
        asked: what the file says was asked for; None where it says nothing.
        fps: frames a second of what was read.
        lacks: what could not be seen or heard, in one line; "" where nothing is missing.
        warnings: what is wrong with the file and did not stop the work, one line each.
    """

    seconds: float
    windows: Windows
    face: Windows | None = None
    voice: Windows | None = None
    moves: tuple[tuple[Move, ...], ...] = ()
    asked: Timeline | None = None
    fps: float = FPS
    lacks: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def overall(self) -> Window:
        """All windows as one: means, each window of which something was read counting by its length."""
        return mean_of(self.windows)

    def as_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        return {
            "seconds": round(self.seconds, DIGITS),
            "fps": self.fps,
            "windows": [_window_told(window) for window in self.windows],
            "face": None if self.face is None else [_window_told(window) for window in self.face],
            "voice": None if self.voice is None else [_window_told(window) for window in self.voice],
            "moves": [{move.name: round(move.amount, DIGITS) for move in moves} for moves in self.moves],
            "asked": None if self.asked is None else timeline_file.to_json(self.asked),
            "lacks": self.lacks,
            "warnings": list(self.warnings),
        }


def mean_of(windows: Windows) -> Window:
    """Windows, at least one, as one, from the first's start to the last's end.

    Where nothing was read does not count, unless that is so everywhere.
    """
    read = [window for window in windows if window.confidence > 0] or windows
    lengths = np.array([max(window.end - window.start, 1e-9) for window in read])
    shares = lengths / lengths.sum()
    told = np.array([(w.strength, w.clarity, w.confidence) for w in read])
    strength, clarity, confidence = (shares @ told).tolist()
    weights = _whole(shares @ np.array([window.weights for window in read]))
    return Window(windows[0].start, windows[-1].end, weights, strength, clarity, confidence)


def from_json(told: Mapping[str, Any]) -> Reading:
    """The reading that `as_json` told; what else stands there (a caption, say) is passed over.

    Raises:
        InputError: it is none, or a number in it is out of range.
    """
    try:
        return Reading(
            seconds=float(told["seconds"]),
            windows=_windows(told["windows"]),
            face=None if told.get("face") is None else _windows(told["face"]),
            voice=None if told.get("voice") is None else _windows(told["voice"]),
            moves=tuple(tuple(Move(name, float(x)) for name, x in moves.items()) for moves in told.get("moves", ())),
            asked=None if told.get("asked") is None else timeline_file.from_json(told["asked"], Path()),
            fps=float(told.get("fps", FPS)),
            lacks=str(told.get("lacks", "")),
            warnings=tuple(map(str, told.get("warnings", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{short(told)} is no reading ({error}); expected what `dicetalk describe --json` tells"
        ) from None
    except EmotionError as error:
        raise InputError(f"what was asked for is not understood: {error}") from None


def _window_told(window: Window) -> dict[str, Any]:
    return {
        "start": round(window.start, DIGITS),
        "end": round(window.end, DIGITS),
        "weights": {name: round(share, DIGITS) for name, share in zip(NAMES, window.weights, strict=True)},
        "strength": round(window.strength, DIGITS),
        "clarity": round(window.clarity, DIGITS),
        "confidence": round(window.confidence, DIGITS),
    }


def _windows(told: Sequence[Mapping[str, Any]]) -> Windows:
    found = tuple(_window(window) for window in told)
    if not found:
        raise ValueError("it has no windows")
    return found


def _window(told: Mapping[str, Any]) -> Window:
    shares = np.array([float(told["weights"].get(name, 0.0)) for name in NAMES])
    start, end = float(told["start"]), float(told["end"])
    rest = {name: float(told[name]) for name in ("strength", "clarity", "confidence")}
    wrong = [name for name, value in rest.items() if not 0 <= value <= 1]
    if wrong or not (shares >= 0).all() or not 0.99 < shares.sum() < 1.01:
        raise ValueError(f"{wrong[0] if wrong else 'the weights'} out of range")
    if not 0 <= start <= end < math.inf:
        raise ValueError(f"a window from {start:g} to {end:g} s")
    return Window(start, end, _whole(shares), **rest)


def _whole(shares: Float64) -> tuple[float, ...]:
    """Shares that add up to 1."""
    return tuple((shares / shares.sum()).tolist())
