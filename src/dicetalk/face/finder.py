"""Find the faces of a picture, whichever way up they are.

The detector proposes squares in the picture and its three turns, coarse first. It looks at each again, turned to the
hours of a clock, takes the mesh's reading where it likes the face best, and looks at that reading level. A place is a
face if the mesh says so, if the detector said so both times, and if their points agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Picture
from dicetalk.face.detector import Found, detect, look, open_detector, shares
from dicetalk.face.face import Face
from dicetalk.face.mesh import PRESENT, Reading, around, around_points, five_points, open_mesh, read, tilt
from dicetalk.face.square import Square, cut, placed

COARSE, FINE = 20, 80
"""The least face that is looked for first, and then, as a share of the picture's longer side, or a strip's `_reach`."""
LEAST = 24
"""The least face that is looked for at all [px]."""

STRIP = 2.0
"""A picture whose longer side is more than this times the side of a square as large is a strip."""
WIDE = 2048
"""Places are looked for in a copy of one to two times this longest side [px], and read in the picture itself: at 50
megapixels the search for a face where there is none takes 3 s for 14."""

HOURS = np.arange(12) * np.pi / 6
CLOSER = (0.85, 1.0, 1.2)
"""Sides of the squares that the detector looks at again, in units of its own box."""
LEVEL = (0.9, 1.05, 1.2)
"""The same about the mesh, in units of its longer side."""
PATCH = 192
"""Side of the crop out of which the detector's second looks are cut [px]."""
MESH_SIDES = (1.0, 1.1, 0.8, 1.25)
"""Sides tried for the mesh, in units of its usual square: a full profile is seen in some only."""
CERTAIN = 0.9
"""Presence from which no other side is tried, if the evidence is sure."""

DISAGREEMENT = 60.0
"""Log-odds lost by a mesh whose points lie an eyes-to-mouth distance away from the detector's."""
LIKELY, SURE = -2.5, 0.0
"""Evidence from which a place is a face, and from which the search ends."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A face that was found, the evidence for it, and the box (4,) of the landmarks."""

    face: Face
    evidence: float

    @property
    def box(self) -> Float64:
        """Left, top, right, bottom [px]."""
        points = self.face.landmarks[:, :2].astype(np.float64)
        return np.concatenate([points.min(0), points.max(0)])


def open_finder() -> None:
    """Open the networks, which else happens when the first picture is searched."""
    open_detector()
    open_mesh()


def find_faces(picture: Picture, *, thorough: bool = False) -> list[Face]:
    """The faces in a picture (H, W, 3), left to right; an empty list if there is none.

    Args:
        picture: (H, W, 3).
        thorough: search for small faces even where a larger one was found already.
    """
    return _search(picture, (0, 1, 2, 3), thorough=thorough)


def find_upright_faces(picture: Picture) -> list[Face]:
    """The same, of faces that the detector knows without turning the picture: four times as quick if there is none."""
    return _search(picture, (0,), thorough=False)


def _search(picture: Picture, quarters: tuple[int, ...], *, thorough: bool) -> list[Face]:
    seen: list[Seen] = []
    longest = _reach(picture)
    factor = max(int(longest) // WIDE, 1)
    small = _shrunk(picture, factor)
    for share in (FINE,) if thorough else (COARSE, FINE):
        for quarter in quarters:
            seen = _joined(picture, seen, _turned(small, quarter, max(longest / share, LEAST) / factor), factor)
            if not thorough and any(one.evidence >= SURE for one in seen):
                return _ordered(seen)
    return _ordered(seen)


def _reach(picture: Picture) -> float:
    """The longer side of a picture [px]; of a strip, in which a face is small beside it, that of a shorter one."""
    height, width = picture.shape[:2]
    return min(float(max(height, width)), STRIP * math.sqrt(height * width))


def _shrunk(picture: Picture, factor: int) -> Picture:
    """A picture with sides that are a whole number of times shorter, less what is left over at the right and below."""
    if factor == 1:
        return picture
    height, width = (side // factor for side in picture.shape[:2])
    whole = picture[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _ordered(seen: list[Seen]) -> list[Face]:
    return [one.face for one in sorted(seen, key=lambda one: one.box[0] + one.box[2])]


def _turned(picture: Picture, quarter: int, least: float) -> Iterator[Found]:
    """What is found in the picture turned by some quarters, in its own coordinates."""
    height, width = picture.shape[:2]
    last_x, last_y = width - 1, height - 1
    back = {
        0: [[1, 0, 0], [0, 1, 0]],
        1: [[0, -1, last_x], [1, 0, 0]],
        2: [[-1, 0, last_x], [0, -1, last_y]],
        3: [[0, 1, 0], [-1, 0, last_y]],
    }[quarter]
    for found in detect(np.ascontiguousarray(np.rot90(picture, quarter)), least):
        corners = placed(found.box.reshape(2, 2), np.array(back, np.float64))
        yield replace(found, box=np.concatenate([corners.min(0), corners.max(0)]))


def _joined(picture: Picture, seen: list[Seen], found: Iterator[Found], factor: int) -> list[Seen]:
    """Faces seen so far and those among what was found in a copy `factor` times smaller; of two that cover each other
    the surer one."""
    for place in (replace(one, box=one.box * factor) for one in found):
        if _covered(place.box, [one for one in seen if one.evidence >= SURE]):
            continue
        one = _examined(picture, place)
        rivals = [other for other in seen if one is not None and _covered(one.box, [other])]
        if one is not None and all(one.evidence > other.evidence for other in rivals):
            seen = [*(other for other in seen if other not in rivals), one]
    return seen


def _covered(box: Float64, seen: list[Seen]) -> bool:
    """Whether a box shares more than half of the smaller area with a face that was seen: no face lies in another."""
    return any(float(shares(box, one.box[None])[0]) > 0.5 for one in seen)


def _examined(picture: Picture, place: Found) -> Seen | None:
    """The face in a place; None if it is none."""
    view = _best_view(picture, _liked_points(picture, place.square), place.odds)
    if view.upside_down.mean() > view.odds.mean():
        other = _best_view(picture, view.points_upside_down, place.odds)
        view = other if other.odds.mean() > view.odds.mean() else view
    evidence = place.odds + view.trust
    face = replace(view.reading.face, evidence=evidence)
    return Seen(face, evidence) if view.reading.presence >= PRESENT and evidence >= LIKELY else None


def _best_view(picture: Picture, points: Float64, odds: float) -> View:
    """The most trusted reading about five points (5, 2); squares are tried until one is certain."""
    first = around_points(points)
    views: list[View] = []
    for side in MESH_SIDES:
        views.append(_view(picture, replace(first, side=first.side * side)))
        best = max(views, key=lambda view: (view.reading.presence >= PRESENT, view.trust))
        if best.reading.presence >= CERTAIN and odds + best.trust >= SURE:
            break
    return best


def _liked_points(picture: Picture, square: Square) -> Float64:
    """The five points (5, 2) of a face, read at the hour at which the detector likes it best."""
    patch = replace(square, side=2 * square.side)
    near, size = cut(picture, patch, PATCH), PATCH / patch.side
    looks = [Square(PATCH / 2, PATCH / 2, side * square.side * size, hour) for hour in HOURS for side in CLOSER]
    odds, points = look(near, looks)
    by_hour = odds.reshape(len(HOURS), len(CLOSER))
    hour = int(by_hour.mean(1).argmax())
    best = points[hour * len(CLOSER) + int(by_hour[hour].argmax())]
    return placed(best, patch.to_picture(PATCH))


@dataclass(frozen=True)
class View:
    """A reading, and what the detector says of it.

    Attributes:
        reading: the mesh's.
        odds: (3,) log-odds of the face, level.
        upside_down: (3,) the same with the crop upside down.
        points_upside_down: (5, 2) where the detector sees a face then.
        apart: mean distance of the detector's points from the mesh's, in eyes-to-mouth distances.
    """

    reading: Reading
    odds: Float32
    upside_down: Float32
    points_upside_down: Float64
    apart: float

    @property
    def trust(self) -> float:
        """Log-odds that the reading is right, in the detector's eyes."""
        return float(self.odds.mean()) - DISAGREEMENT * self.apart


def _view(picture: Picture, square: Square) -> View:
    """What the mesh reads beginning with a square, looked at by the detector."""
    reading = _reading(picture, square)
    level = _level(reading)
    ways = [(side, turn) for turn in (0.0, np.pi) for side in LEVEL]
    squares = [replace(level, side=level.side * side, angle=level.angle + turn) for side, turn in ways]
    odds, seen = look(picture, squares)
    ours = five_points(reading.face.landmarks)
    unit = np.hypot(*(ours[:2].mean(0) - ours[3:].mean(0)))
    apart = np.linalg.norm(seen[:3] - ours, axis=-1).mean() / unit
    return View(reading, odds[:3], odds[3:], seen[4], float(apart))


def _reading(picture: Picture, square: Square) -> Reading:
    """The surer of two readings, each about the landmarks of the one before."""
    first = read(picture, square)
    second = read(picture, around(first.face.landmarks))
    third = read(picture, around(second.face.landmarks))
    return max(third, second, key=lambda reading: reading.presence)


def _level(reading: Reading) -> Square:
    """The square about a mesh, as wide as its longer side in the face's own upright frame."""
    angle = tilt(reading.face.landmarks)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = reading.face.landmarks[:, :2] @ turn.T
    low, high = points.min(0), points.max(0)
    x, y = turn.T @ ((low + high) / 2)
    return Square(float(x), float(y), float((high - low).max()), angle)
