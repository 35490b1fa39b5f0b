"""Look: the face of a recording, followed from block to block, and what it shows in each window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.arrays import Bool, Float32
from dicetalk.errors import naming
from dicetalk.face.finder import find_upright_faces
from dicetalk.media import read_photo, read_video
from dicetalk.motion.space import SHAPES
from dicetalk.portrait.framing import face_of
from dicetalk.rates import FPS
from dicetalk.reading.answers import Answers, Span
from dicetalk.reading.expression import against_usual, functionals, shown
from dicetalk.reading.moves import moves_of
from dicetalk.reading.reading import Move
from dicetalk.recording import EVERY, Missing
from dicetalk.tracking.fitting import read_landmarks
from dicetalk.tracking.tracker import Sight, watch_in_blocks

BLOCK_S = 60.0
"""Of a long video so much is looked at at once [s]."""
AROUND_S = 2.0
"""So much is looked at around the middle of a window, if it is shorter [s]."""
LEAST_SEEN = 0.25
"""Share of those frames in which the face must be seen."""
PARTS = ("shapes", "against", "there")
"""What is kept of every frame."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A face, T frames.

    Attributes:
        shapes: (T, 52) against its own rest, 0 where no face is seen for long.
        against: (T, 52) against the usual rest, likewise.
        there: (T,) whether it is seen.
    """

    shapes: Float32
    against: Float32
    there: Bool

    @property
    def seconds(self) -> float:
        """Length [s]."""
        return len(self.there) / FPS

    def around(self, span: Span) -> tuple[Float32, Float32]:
        """Both kinds of shapes (N, 52) of a window and what is around it; N is 0 where it is seen too seldom."""
        start, end = reach(span, AROUND_S, self.seconds)
        first = min(int(start * FPS), len(self.there) - 1)
        frames = slice(first, max(round(end * FPS), first + 1))
        there = self.there[frames]
        rows = np.flatnonzero(there) if there.mean() >= LEAST_SEEN else np.zeros(0, np.int64)
        return self.shapes[frames][rows], self.against[frames][rows]


def reach(span: Span, seconds: float, end: float) -> Span:
    """A window and what is around it, so many seconds in all if there are as many from 0 to the end."""
    length = min(max(span[1] - span[0], seconds), end)
    start = min(max((span[0] + span[1] - length) / 2, 0.0), end - length)
    return start, start + length


def see(path: Path, looked: Callable[[float], None]) -> Seen | Missing:
    """The largest face of a video.

    Args:
        path: of it.
        looked: is told how many seconds were looked at.

    Raises:
        MediaError: it cannot be read.
    """
    blocks = watch_in_blocks(path, round(BLOCK_S * FPS), EVERY, lambda number: looked(number * EVERY / FPS))
    found = [_unseen(frames) if sight is None else seen_in(sight) for frames, sight in blocks]
    if not any(block.there.any() for block in found):
        return Missing(f"{path} shows no face in most of its frames")
    shapes, against, there = (np.concatenate([getattr(block, name) for block in found]) for name in PARTS)
    return Seen(shapes, against, there)


def photographed(path: Path) -> Seen:
    """The face of a photo, held for a second.

    Raises:
        MediaError: the photo cannot be read.
        NoFaceError: no face is seen in it.
    """
    with naming(path):
        face = face_of(read_photo(path).picture, None)
    landmarks = np.repeat(face.landmarks[None].astype(np.float64), FPS, axis=0)
    return seen_in(Sight(read_landmarks(landmarks), np.ones(FPS, np.bool_), landmarks))


def seen_in(sight: Sight) -> Seen:
    """What is kept of what was seen."""
    return Seen(sight.motion.shapes, against_usual(sight.landmarks), sight.seen)


def _unseen(frames: int) -> Seen:
    nothing = np.zeros((frames, len(SHAPES)), np.float32)
    return Seen(nothing, nothing, np.zeros(frames, np.bool_))


def faces_at_start(path: Path) -> int:
    """How many faces the first frame of a video shows."""
    return len(find_upright_faces(next(read_video(path))))


def looks(seen: Seen, spans: Sequence[Span]) -> tuple[Answers, tuple[tuple[Move, ...], ...]]:
    """What a face shows in each window, and what moves in it."""
    around = [seen.around(span) for span in spans]
    known = np.array([len(shapes) > 0 for shapes, _ in around])
    nothing = np.zeros((1, len(SHAPES)), np.float32)
    found = shown(np.array([functionals(*(rows if len(rows[0]) else (nothing, nothing))) for rows in around]))
    moves = tuple(moves_of(shapes) if len(shapes) else () for shapes, _ in around)
    return Answers(found.shares, found.strengths, known), moves
