"""Drawn faces: told from photographs, and their large eyes fitted, which the mesh takes for a person's."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from dicetalk.arrays import Float64, UInt8
from dicetalk.face import Face
from dicetalk.media import Picture
from dicetalk.motion.landmarks import LEFT_LOWER_LID, LEFT_UPPER_LID, RIGHT_LOWER_LID, RIGHT_UPPER_LID
from dicetalk.portrait.view import View, view_of

PLAIN, DRAWN = 1, 0.4
"""Grey levels within three pixels that are none, and the share of a forehead without any from which the face is drawn:
photos reach 0.22, a plain drawing has 0.89 as a PNG."""
OTHER = 30
"""Grey levels from the colour of the cheeks from which something is no skin."""
REACH = 0.6
"""How far from the middle of an eye its drawing may reach [distances between the eyes]."""
RIMLESS = 0.4
"""Share of a drawn eye that lies inside its rim; where less does, it has none."""
LARGEST = 3.0
"""How many times larger than a person's eyes drawn ones may be."""
AROUND = 4.0
"""How far what is beside an eye gives way to it, in units of the lids' own distance from its middle."""

FOREHEAD = (54, 103, 67, 109, 10, 338, 297, 332, 284, 300, 293, 334, 296, 336, 107, 66, 105, 63, 70)
CHEEKS = (50, 280, 205, 425)
EYES = (list(RIGHT_UPPER_LID), list(RIGHT_LOWER_LID)), (list(LEFT_UPPER_LID), list(LEFT_LOWER_LID))


def is_drawn(picture: Picture, face: Face) -> bool:
    """Whether the forehead of a face of a picture (H, W, 3) is of a plain colour, as skin never is."""
    view = view_of(picture, face)
    upper = np.zeros(view.picture.shape[:2], np.uint8)  # masks, bars and dark glasses leave it
    cv2.fillPoly(upper, [np.round(view.points[list(FOREHEAD)]).astype(np.int32)], 1)
    block = np.ones((3, 3), np.uint8)
    change = (cv2.dilate(view.picture, block).astype(int) - cv2.erode(view.picture, block)).max(2)
    return bool(upper.any() and (change[upper > 0] <= PLAIN).mean() > DRAWN)


def with_drawn_eyes(picture: Picture, face: Face) -> Face:
    """A drawn face whose lids lie where the drawing's eyes end, so that a blink closes them."""
    view = view_of(picture, face)
    points = view.points.copy()
    for lids in EYES:
        drawn = _drawn_eye(view, points[[*lids[0], *lids[1]]])
        if drawn is not None:
            points = _fitted(view, points, lids, drawn)
    moved = face.landmarks.copy()
    moved[:, :2] += (points - view.points) / view.scale
    return replace(face, landmarks=moved)


def _drawn_eye(view: View, lids: Float64) -> Float64 | None:
    """The outline (N, 2) of what lies inside the rim of a drawn eye; None where it runs on, into hair say."""
    middle, reach = lids.mean(0), REACH * view.unit
    skin = np.median(view.colours(view.picture, view.points[list(CHEEKS)]), axis=0)
    other = (np.abs(view.picture - skin).max(2) > OTHER).astype(np.uint8)
    _, parts = cv2.connectedComponents(other, connectivity=4)
    x, y = np.clip(np.round(middle), 0, np.array(parts.shape[::-1]) - 1).astype(int)
    eye = (parts == parts[y, x]).astype(np.uint8)
    if parts[y, x] == 0 or np.linalg.norm(_places(eye) - middle, axis=1).max() > reach:
        return None
    return np.asarray(cv2.convexHull(_places(_without_rim(view, eye)).astype(np.float32))[:, 0], np.float64)


def _without_rim(view: View, eye: UInt8) -> UInt8:
    """A mask (h, w) of an eye without the line that is drawn around it, if there is one."""
    whole = cv2.erode(eye, np.ones((3, 3), np.uint8))  # its border is mixed with the skin
    border = whole - cv2.erode(whole, np.ones((3, 3), np.uint8))
    if not border.any():  # a mere line
        return eye
    line = np.median(view.picture[border > 0].reshape(-1, 3), axis=0)
    inside = ((np.abs(view.picture - line).max(2) > 2 * OTHER) & (whole > 0)).astype(np.uint8)
    return inside if inside.sum() > RIMLESS * eye.sum() else eye


def _places(mask: UInt8) -> Float64:
    return np.asarray(np.argwhere(mask)[:, ::-1], np.float64)


def _fitted(view: View, points: Float64, lids: tuple[list[int], list[int]], drawn: Float64) -> Float64:
    """The landmarks (478, 2) with both lids on an outline (N, 2) that is drawn; what lies around gives way."""
    axes = np.stack([view.across, view.down])
    local, outline = points @ axes.T, drawn @ axes.T
    middle, size = _extent(local[[*lids[0], *lids[1]]])
    there, wanted = _extent(outline)
    grown = np.clip(wanted / size, 1 / LARGEST, LARGEST)
    away = (local - middle) / size
    distance = np.maximum(np.linalg.norm(away, axis=1), 1.0)[:, None]
    share = np.clip((AROUND / distance - 1) / (AROUND - 1), 0, 1)  # distances grow evenly from the lids outwards
    local += ((grown - 1) * away * size + there - middle) * share
    for line, side in zip(lids, (-1, 1), strict=True):
        local[line, 1] = _border(outline, local[line, 0], side)
    return np.asarray(local @ axes)


def _border(outline: Float64, across: Float64, side: int) -> Float64:
    """How far down (M,) the upper (-1) or lower (1) side of a convex outline (N, 2) lies at places across (M,)."""
    left, right = outline[outline[:, 0].argmin()], outline[outline[:, 0].argmax()]
    chord = np.interp(outline[:, 0], (left[0], right[0]), (left[1], right[1]))
    half = outline[side * (outline[:, 1] - chord) >= 0]
    order = half[:, 0].argsort()
    return np.asarray(np.interp(across, half[order, 0], half[order, 1]))


def _extent(places: Float64) -> tuple[Float64, Float64]:
    """Middle and half of the size (2,) of places (N, 2)."""
    low, high = places.min(0), places.max(0)
    return (low + high) / 2, (high - low) / 2
