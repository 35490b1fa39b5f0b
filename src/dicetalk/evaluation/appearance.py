"""What networks make of a clip's frames: features of pictures and films, who it is, sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Picture, UInt8
from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.given import Run, features, open_given
from dicetalk.evaluation.sync import MOST as MOST_SYNC
from dicetalk.evaluation.sync import SIDE as SYNC_SIDE
from dicetalk.evaluation.sync import sync_scores
from dicetalk.media import read_sound, read_video
from dicetalk.rates import FPS

PICTURES, PICTURE_SIDE = 16, 299
"""Frames of a clip whose features are taken, spread evenly, and their side [px]."""
FILM, FILMS, FILM_SIDE = 16, 4, 224
"""Frames of a film, films of a clip at most, from its start, and their side [px]."""
FACES, FACE_SIDE = 8, 112
"""Frames in which it is asked who it is, and the side of the faces [px]."""
PLACES = np.array([[38.29, 51.70], [73.53, 51.50], [56.03, 71.74], [41.55, 92.37], [70.73, 92.20]])
"""Where the five points of a face lie in them [px], as networks that know faces were trained on."""
AROUND = 1.4
"""Side of the square about a face for sync, as a share of the face's larger side."""


@dataclass(frozen=True)
class Networks:
    """Files of the networks that a user has; each is None where there is none.

    Attributes:
        fid: pictures (N, 3, 299, 299) RGB of 0 to 255 -> (N, D).
        fvd: films (N, 3, 16, 224, 224), likewise.
        face: faces (N, 3, 112, 112) RGB of -1 to 1 -> (N, D), whose directions tell who it is.
        sync: see `evaluation.sync`.
    """

    fid: Path | None = None
    fvd: Path | None = None
    face: Path | None = None
    sync: Path | None = None

    def check(self) -> None:
        """Load all of them, before any work.

        Raises:
            DiceTalkError: as `open_given`.
        """
        for path in (self.fid, self.fvd, self.face, self.sync):
            if path is not None:
                open_given(path)


@dataclass(frozen=True, eq=False)
class Appearance:
    """What networks make of a clip; None where there is no network, or too little for it.

    Attributes:
        pictures: (n, D) features of frames.
        films: (n, D) features of films.
        faces: (n, D) who it is in some frames, each of length 1.
        sync: LSE-D and LSE-C.
    """

    pictures: Float32 | None = None
    films: Float32 | None = None
    faces: Float32 | None = None
    sync: tuple[float, float] | None = None


@dataclass
class Cuts:
    """Some frames of a clip, cut as somebody wants them.

    Attributes:
        at: their numbers.
        cut: makes one of a frame (H, W, 3) and its number.
        found: the frames that have passed.
    """

    at: frozenset[int]
    cut: Callable[[Picture, int], Picture]
    found: list[Picture] = field(default_factory=list)


def evenly(frames: int, count: int) -> frozenset[int]:
    """At most so many frames of a clip, spread over it."""
    return frozenset(((np.arange(count) + 0.5) * frames / count).astype(int).tolist())


def take(path: Path, wanted: Sequence[Cuts]) -> None:
    """Read a video once and cut what is wanted out of it.

    Raises:
        MediaError: it cannot be read.
    """
    last = max((max(cuts.at) for cuts in wanted if cuts.at), default=-1)
    if last < 0:
        return
    for number, frame in enumerate(read_video(path, fps=FPS)):
        for cuts in wanted:
            if number in cuts.at:
                cuts.found.append(cuts.cut(frame, number))
        if number == last:
            break


def frames_of(footage: Footage, count: int) -> list[Picture]:
    """Some frames of a clip as they are, spread evenly.

    Raises:
        MediaError: the video cannot be read again.
    """
    whole = Cuts(evenly(footage.frames, count), lambda frame, _: frame)
    take(footage.path, [whole])
    return whole.found


def look(footage: Footage, networks: Networks) -> Appearance:
    """What networks make of a clip.

    Raises:
        MediaError: the video cannot be read again.
        CheckpointError: a network cannot be run on it.
    """
    frames, films = footage.frames, min(footage.frames // FILM, FILMS)
    pictures = Cuts(_if(networks.fid, evenly(frames, PICTURES)), lambda frame, _: _square(frame, PICTURE_SIDE))
    moving = Cuts(_if(networks.fvd, frozenset(range(films * FILM))), lambda frame, _: _square(frame, FILM_SIDE))
    faces = Cuts(_if(networks.face, evenly(frames, FACES)), lambda frame, at: upright(frame, footage.points[at]))
    mouths = Cuts(
        _if(networks.sync, frozenset(range(min(frames, MOST_SYNC)))), lambda frame, at: _about(frame, footage.boxes[at])
    )
    take(footage.path, (pictures, moving, faces, mouths))
    return Appearance(
        _pictures(networks.fid, pictures.found),
        _films(networks.fvd, moving.found),
        _faces(networks.face, faces.found),
        _sync(networks.sync, footage.path, mouths.found),
    )


def _if(network: Path | None, at: frozenset[int]) -> frozenset[int]:
    return frozenset() if network is None else at


def _stacked(found: Sequence[Picture]) -> UInt8:
    """(N, 3, H, W)."""
    return np.stack(found).transpose(0, 3, 1, 2)


def _pictures(network: Path | None, found: Sequence[Picture]) -> Float32 | None:
    return None if network is None else features(open_given(network), [_stacked(found)])


def _films(network: Path | None, found: Sequence[Picture]) -> Float32 | None:
    """Features of each film of a clip, as long as it is long enough for one."""
    if network is None or not found:
        return None
    films = _stacked(found).reshape(-1, FILM, 3, FILM_SIDE, FILM_SIDE).transpose(0, 2, 1, 3, 4)
    return features(open_given(network), [films], batch=1)


def _faces(network: Path | None, found: Sequence[Picture]) -> Float32 | None:
    if network is None:
        return None
    vectors = features(open_given(network), [(_stacked(found).astype(np.float32) - 127.5) / 127.5])
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def _sync(network: Path | None, path: Path, found: Sequence[Picture]) -> tuple[float, float] | None:
    return None if network is None else _scores(open_given(network), path, found)


def _scores(run: Run, path: Path, found: Sequence[Picture]) -> tuple[float, float] | None:
    return sync_scores(run, read_sound(path).waveform, np.stack(found))


def _square(frame: Picture, side: int) -> Picture:
    """The whole frame in a square of so many pixels."""
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _about(frame: Picture, box: Float64) -> Picture:
    """The square about a face, (224, 224, 3)."""
    middle, side = (box[:2] + box[2:]) / 2, AROUND * (box[2:] - box[:2]).max()
    return _laid(frame, np.array([SYNC_SIDE / side, 0]), SYNC_SIDE / 2 - middle * SYNC_SIDE / side, SYNC_SIDE)


def upright(frame: Picture, points: Float64) -> Picture:
    """A face (112, 112, 3) whose five points (5, 2) lie as nearly as can be where networks expect them."""
    here, there = points - points.mean(0), PLACES - PLACES.mean(0)
    # As complex numbers a turn with a change of size is one factor.
    a, b = here @ np.array([1, 1j]), there @ np.array([1, 1j])
    factor = np.vdot(a, b) / np.vdot(a, a)
    turn = np.array([factor.real, factor.imag])
    return _laid(frame, turn, PLACES.mean(0) - _matrix(turn) @ points.mean(0), FACE_SIDE)


def _matrix(turn: Float64) -> Float64:
    return np.array([[turn[0], -turn[1]], [turn[1], turn[0]]])


def _laid(frame: Picture, turn: Float64, shift: Float64, side: int) -> Picture:
    """A frame turned and scaled by a complex factor (2,), then shifted (2,) [px], cut to a square."""
    scale = float(np.hypot(*turn))
    if scale < 1:  # pixels are averaged, else fine detail would flicker
        frame = np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        turn = turn / scale
    affine = np.column_stack([_matrix(turn), shift])
    laid = cv2.warpAffine(frame, affine, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)
