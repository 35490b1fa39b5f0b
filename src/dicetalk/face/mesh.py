"""478 landmarks of a face: MediaPipe's mesh with attention, and the square it reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Float64, Picture
from dicetalk.face.face import Face
from dicetalk.face.square import Square, cut, placed
from dicetalk.networks import WEIGHTS, Network, open_network

SIZE = 192
"""Side of the crop that the network reads [px]."""
WIDER = 1.5
"""Side of the square that is read, in units of the landmarks' box: as the network was trained."""
PRESENT = 0.5
"""Presence from which a square shows a face: as in MediaPipe."""

EYES = (33, 263)
"""Outer corners, the subject's right eye first: a face is level when their line is."""
FIVE = ((33, 133), (362, 263), (1,), (61,), (291,))
"""Landmarks beside the detector's five points."""


@dataclass(frozen=True)
class Reading:
    """What the mesh says of a square: a face, and whether there is one, from 0 to 1."""

    face: Face
    presence: float


def read(picture: Picture, square: Square) -> Reading:
    """The face in a square of a picture (H, W, 3)."""
    crop = cut(picture, square, SIZE)
    landmarks, presence = open_mesh().run(None, {"input": crop[None].astype(np.float32) / 255})
    places = placed(landmarks[0, :, :2], square.to_picture(SIZE))
    depth = landmarks[0, :, 2:] * (square.side / SIZE)
    return Reading(Face(np.hstack([places, depth]).astype(np.float32)), float(presence[0]))


def open_mesh() -> Network:
    """The network; two threads would take a third more of the processor."""
    return open_network(WEIGHTS / "face" / "mesh.onnx", threads=1)


def around(landmarks: npt.NDArray[np.float32]) -> Square:
    """The square to read next: about the upright box of the landmarks (478, 3), level with the eyes."""
    points = landmarks[:, :2].astype(np.float64)
    low, high = points.min(0), points.max(0)
    x, y = (low + high) / 2
    return Square(float(x), float(y), WIDER * float((high - low).max()), tilt(landmarks))


def tilt(landmarks: npt.NDArray[np.float32]) -> float:
    """Angle of the line of the eyes [rad]: 0 upright, pi upside down."""
    across = landmarks[EYES[1], :2] - landmarks[EYES[0], :2]
    return float(np.arctan2(across[1], across[0]))


def around_points(points: Float64) -> Square:
    """The square to read first, about the detector's five points (5, 2): the mesh is about this wide."""
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    across = points[1] - points[0]
    x, y = eyes + 0.42 * (mouth - eyes)
    width = max(2.0 * np.hypot(*(mouth - eyes)), 2.1 * np.hypot(*across))
    return Square(float(x), float(y), WIDER * float(width), float(np.arctan2(across[1], across[0])))


def five_points(landmarks: npt.NDArray[np.float32]) -> Float64:
    """(5, 2) where the mesh has the detector's five points."""
    return np.array([landmarks[list(group), :2].mean(0) for group in FIVE], np.float64)
